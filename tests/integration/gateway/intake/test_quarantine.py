"""Bad input of every kind ends in quarantine with its reason: committed, acknowledged, counted, never in the way."""

import pytest

from events.model import QuarantineReason
from tests.harness.intake import IntakeUnderTest, owner_of

POST = "/sys/{product}/{name}/thing/event/property/post"
BIN = POST.format(product="waste_bin", name="bin-1")

BAD = {
    "invalid JSON": (BIN, b'{"params":', QuarantineReason.BAD_JSON),
    "wrong schema": (BIN, b'{"params":{"fill_pct":"full"}}', QuarantineReason.SCHEMA),
    "NaN": (BIN, b'{"params":{"fill_pct":NaN}}', QuarantineReason.NUMBER_RANGE),
    "NUL": (BIN, b'{"params":{"waste":"\\u0000"}}', QuarantineReason.NUL_CHAR),
    "raw NUL": (BIN, b'{"params":{"waste":"\x00"}}', QuarantineReason.NUL_CHAR),
    "nested bomb": (BIN, b'{"params":' * 6000, QuarantineReason.TOO_DEEP),
    "lone surrogate": (BIN, b'{"params":{"waste":"\\udfff"}}', QuarantineReason.BAD_ENCODING),
    "a name twice": (BIN, b'{"params":{"fill_pct":1,"fill_pct":2}}', QuarantineReason.DUPLICATE_KEY),
    "id mismatch": (BIN, b'{"deviceName":"bin-2","params":{"fill_pct":1}}', QuarantineReason.ID_MISMATCH),
    "unknown event": (
        "/sys/waste_bin/bin-1/thing/event/boom/post", b'{"params":{}}', QuarantineReason.UNKNOWN_EVENT,
    ),
    "unknown device": (POST.format(product="waste_bin", name="ghost"), b"{}", QuarantineReason.UNKNOWN_DEVICE),
    "unknown product": (POST.format(product="toaster", name="t-1"), b"{}", QuarantineReason.UNKNOWN_PRODUCT),
    "unknown topic": ("/sys/waste_bin/bin-1/thing/service/x_reply", b"{}", QuarantineReason.UNKNOWN_TOPIC),
    "topic with NUL": ("a\x00b", b"{}", QuarantineReason.UNKNOWN_TOPIC),
    "topic with surrogate": ("a\udc80b", b"{}", QuarantineReason.UNKNOWN_TOPIC),
}  # fmt: skip


@pytest.mark.parametrize(("topic", "payload", "reason"), BAD.values(), ids=BAD.keys())
async def test_bad_message_is_quarantined_with_its_reason(
    bench: IntakeUnderTest, topic: str, payload: bytes, reason: QuarantineReason
) -> None:
    bench.send(topic, payload)
    good = bench.post("bin-2", {"fill_pct": 1})
    await bench.committed()
    assert bench.source.acknowledged == [1, good]
    (row,) = await bench.rows("SELECT reason::text, payload, octet_length(sha256) AS size, state::text FROM quarantine")
    assert row == {"reason": reason.value, "payload": payload, "size": 32, "state": "held"}
    assert await bench.value("SELECT count(*) FROM readings") == 1
    counted = (await bench.conservation()).values()
    assert sum(four[3] for four in counted) == 1
    assert sum(four[0] for four in counted) == 2


async def test_message_on_another_devices_topic_is_an_id_mismatch(bench: IntakeUnderTest) -> None:
    bench.send(BIN, b'{"params":{"fill_pct":1}}', device=bench.device("waste_bin", "bin-2"))
    await bench.committed()
    assert await bench.quarantined() == [("id_mismatch", '{"params":{"fill_pct":1}}')]


async def test_disabled_device_is_quarantined(bench: IntakeUnderTest) -> None:
    async with bench.pool.acquire() as conn:
        await conn.execute("UPDATE devices SET enabled = false WHERE name = 'bin-1'")
        await bench.directory.load(conn)
    bench.send(BIN, {"params": {"fill_pct": 1}})
    await bench.committed()
    assert [reason for reason, _ in await bench.quarantined()] == ["disabled_device"]


async def test_personal_fields_are_in_no_table(bench: IntakeUnderTest) -> None:
    secrets = {"person_id": "P-51", "faceImage": "abc", "open_id": "W-7"}
    bench.report("gate-1", "held_open", {"open_s": 5, **secrets}, product="access_gate")  # stored
    bench.report("gate-1", "held_open", {"open_s": "bad", **secrets}, product="access_gate")  # quarantined
    bench.send("/sys/access_gate/ghost/thing/event/held_open/post", {"params": {"value": {"plate_no": "川A"}}})
    await bench.committed()
    (event,) = await bench.events()
    assert event.body["value"] == {"open_s": 5.0}
    kept = [payload for _, payload in await bench.quarantined()]
    assert kept == ['{"params":{"value":{"open_s":"bad"}}}', '{"params":{"value":{}}}']


async def test_row_that_postgresql_refuses_is_bisected_out(bench: IntakeUnderTest) -> None:
    """The schema gets a rule that no validator knows; the neighbours are stored, the order of acknowledgement stays."""
    poison = 66.6
    async with owner_of(bench) as owner:
        await owner.execute(f"ALTER TABLE readings ADD CONSTRAINT poison CHECK (v[1] IS DISTINCT FROM {poison})")
    for n in range(40):
        bench.post("bin-1" if n % 2 else "bin-2", {"fill_pct": poison if n == 23 else 5}, seq=n, sid=1)
    await bench.committed()
    assert bench.source.acknowledged == list(range(1, 41))
    assert await bench.value("SELECT count(*) FROM readings") == 39
    (row,) = await bench.rows("SELECT reason::text, detail, device_id FROM quarantine")
    assert row["reason"] == "database_refused"
    assert "66.6" not in row["detail"]
    assert await bench.conservation() == {"waste_bin": (40, 39, 0, 1)}
    # For a while the device is written row by row, and nothing else changes.
    for n in range(40, 60):
        bench.post("bin-1" if n % 2 else "bin-2", {"fill_pct": 5}, seq=n, sid=1)
    await bench.committed()
    assert bench.source.acknowledged == list(range(1, 61))
    assert await bench.conservation() == {"waste_bin": (60, 59, 0, 1)}


async def test_whole_batch_of_poison_is_quarantined(bench: IntakeUnderTest) -> None:
    async with owner_of(bench) as owner:
        await owner.execute("ALTER TABLE readings ADD CONSTRAINT poison CHECK (v[1] < 50)")
    for n in range(9):
        bench.post("bin-1", {"fill_pct": 60}, seq=n, sid=1)
    await bench.committed()
    assert await bench.conservation() == {"waste_bin": (9, 0, 0, 9)}


async def test_violations_are_counted_by_minute(bench: IntakeUnderTest) -> None:
    for client in ("waste_bin-bin-1", "waste_bin-bin-1", "x\x00"):
        bench.intake.count_violation(client, "oversize")
    await bench.committed()
    rows = await bench.rows("SELECT client, reason, count FROM violations ORDER BY client")
    assert [(row["client"], row["count"]) for row in rows] == [("waste_bin-bin-1", 2), ("x\\x00", 1)]
