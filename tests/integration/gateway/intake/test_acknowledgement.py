"""Acknowledgements and receipts come after the commit, in order, and say what became of the message."""

from gateway.intake.intake import IntakeOptions
from runtime.pool import Pool
from tests.harness.intake import IntakeUnderTest, RecordingSource, owner_of, running_intake
from tests.harness.postgres import Database
from tests.harness.waiting import until_blocked


async def test_nothing_is_acknowledged_before_the_commit(bench: IntakeUnderTest) -> None:
    """Another transaction holds the device's state: the batch waits for it inside its own, with all rows written.

    A gateway that acknowledged before its COMMIT would have acknowledged by then.
    """
    bench.post("bin-1", {"fill_pct": 1})
    await bench.committed()
    async with owner_of(bench) as other, owner_of(bench) as watcher:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT * FROM log_heads FOR UPDATE")
        await other.execute("SELECT * FROM device_state FOR UPDATE")
        bench.post("bin-1", {"fill_pct": 2}, id="7", sys={"ack": 1})
        await until_blocked(watcher, application_name="rongan-gateway-0")
        assert bench.source.acknowledged == [1]
        assert bench.source.published == []
        await transaction.rollback()
    await bench.source.until_acknowledged(2)
    assert await bench.value("SELECT count(*) FROM readings") == 2


async def test_acknowledged_message_is_visible_to_everybody(bench: IntakeUnderTest) -> None:
    """What `committed` told at the very moment of telling is in the database: ask at once, on another connection."""
    for n in range(20):
        bench.post("bin-1", {"fill_pct": n}, sid=1, seq=n)
        await bench.source.until_acknowledged(n + 1)
        assert await bench.value("SELECT count(*) FROM delivery_keys") == n + 1


async def test_receipt_says_what_became_of_the_message(bench: IntakeUnderTest) -> None:
    topic = "/sys/waste_bin/bin-1/thing/event/property/post"
    asking = {"id": "8841", "sys": {"ack": 1}}
    bench.send(topic, {**asking, "params": {"fill_pct": 1}})
    bench.send(topic, {**asking, "params": {"fill_pct": 1}})
    bench.send(topic, {**asking, "params": {"fill_pct": "x"}})
    bench.send(topic, {"id": "9", "params": {"fill_pct": 1}})
    await bench.committed()
    rx = round(bench.clock.now().timestamp() * 1000)
    stored, duplicate, refused = bench.source.published
    assert stored == (
        f"{topic}_reply",
        {"id": "8841", "code": 200, "message": "committed", "data": {"rx": rx, "dup": False}},
    )
    assert duplicate[1]["data"] == {"rx": rx, "dup": True}
    assert (refused[1]["code"], refused[1]["data"]["reason"]) == (460, "schema")


async def test_each_source_hears_its_own_tokens_in_order(bench: IntakeUnderTest) -> None:
    sources = [RecordingSource() for _ in range(3)]
    sent: list[list[int]] = [[], [], []]
    for n in range(90):
        topic = f"/sys/waste_bin/bin-{n % 3 + 1}/thing/event/property/post"
        sent[n % 3].append(bench.send(topic, {"params": {"fill_pct": 1}}, source=sources[n % 3]))
    sources[1].is_closed = True
    await bench.committed()
    assert [source.acknowledged for source in sources] == [sent[0], [], sent[2]]


async def test_full_intake_tells_when_it_has_room_again(database: Database, pool: Pool) -> None:
    options = IntakeOptions(waiting_messages=10, batch_messages=4, batch_wait_s=0.001)
    async with running_intake(database, pool, options=options) as bench:
        told: list[bool] = []
        bench.intake.add_room_listener(lambda: told.append(bench.intake.full))
        for n in range(10):
            assert not bench.intake.full
            bench.post("bin-1", {"fill_pct": n})
        assert bench.intake.full
        bench.post("bin-1", {"fill_pct": 11})  # Taken all the same.
        await bench.committed()
        assert told == [False]
        assert len(bench.source.acknowledged) == 11


async def test_bytes_fill_the_intake_as_well(database: Database, pool: Pool) -> None:
    async with running_intake(database, pool, options=IntakeOptions(waiting_bytes=1000)) as bench:
        bench.send("/sys/waste_bin/bin-1/thing/event/property/post", b'"' + b"x" * 1000 + b'"')
        assert bench.intake.full
        await bench.committed()
        assert not bench.intake.full
