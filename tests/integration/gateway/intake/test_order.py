"""Order decides nothing that revision and time decide: corrections, latest values, signals, presence."""

import itertools
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.intake.model import PresenceCause, PresenceChange
from tests.harness.intake import NOON, IntakeUnderTest

_sessions = itertools.count(1)


def millis(seconds: float) -> int:
    return round((NOON.timestamp() + seconds) * 1000)


versions = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([10, 20, 30])), min_size=1, max_size=6)


@settings(max_examples=25)
@given(versions=versions, cuts=st.sets(st.integers(1, 5)))
async def test_greatest_revision_wins_in_any_order(
    bench: IntakeUnderTest, versions: list[tuple[int, int]], cuts: set[int]
) -> None:
    """Versions of one message and of its event, in any order and any split into batches, with repetitions."""
    sid = next(_sessions)
    at = millis(sid)
    for place, (revision, count) in enumerate(versions):
        if place in cuts:
            await bench.committed()
        keyed: dict[str, Any] = {"sid": sid, "revision": revision}
        bench.post("bin-1", {"fill_pct": {"value": count, "time": at}}, seq=1, **keyed)
        bench.report("gate-1", "held_open", {"count": count}, product="access_gate", time=at, seq=2, **keyed)
    await bench.committed()
    greatest = max(revision for revision, _ in versions)
    winners = {count for revision, count in versions if revision == greatest}
    mine = [event for event in await bench.events() if event.effective_at == NOON + timedelta(seconds=sid)]
    assert len({event.uid for event in mine}) == 1
    standing = max(mine, key=lambda event: (event.revision, event.content_hash))
    assert standing.body["value"]["count"] in winners
    query = "SELECT latest FROM device_state JOIN devices d ON d.id = device_id WHERE d.name = 'bin-1'"
    assert (await bench.value(query))["fill_pct"]["value"] in winners
    totals = await bench.conservation()
    assert all(received == stored + duplicate for received, stored, duplicate, _ in totals.values())


async def test_message_id_used_again_for_other_content_is_another_message(bench: IntakeUnderTest) -> None:
    """A device that counts anew after each start says no revision: nothing of it may be dropped."""
    for count in range(8):
        at = NOON + timedelta(seconds=count)
        bench.report("gate-1", "duress_sos", {"count": count}, product="access_gate", id="1", at=at)
        bench.post("bin-1", {"fill_pct": count}, id="1", at=at)
        await bench.committed()
    assert len({event.uid for event in await bench.events()}) == 8
    assert (await bench.conservation())["access_gate"] == (8, 8, 0, 0)
    query = "SELECT latest FROM device_state JOIN devices d ON d.id = device_id WHERE d.name = 'bin-1'"
    assert (await bench.value(query))["fill_pct"]["value"] == 7.0


async def test_latest_value_never_goes_backwards(bench: IntakeUnderTest) -> None:
    bench.post("bin-1", {"fill_pct": {"value": 50, "time": millis(-10)}})
    await bench.committed()
    bench.post("bin-1", {"fill_pct": {"value": 10, "time": millis(-20)}, "tilt_deg": {"value": 1, "time": millis(-20)}})
    bench.post("bin-1", {"fill_pct": {"value": 20, "time": millis(-30)}})
    await bench.committed()
    latest = await bench.value("SELECT latest FROM device_state")
    assert latest["fill_pct"]["value"] == 50.0
    assert latest["tilt_deg"]["value"] == 1.0  # Properties move one by one.
    assert await bench.value("SELECT count(*) FROM readings") == 3  # Late history is kept.


async def test_signal_rises_and_clears_once(bench: IntakeUnderTest) -> None:
    for second, temperature in enumerate([20, 56, 57, 50, 58, 44, 43, 60]):
        bench.post("bin-1", {"temperature_c": {"value": temperature, "time": millis(second)}}, sid=1, seq=second)
        if second % 3 == 0:
            await bench.committed()
    await bench.committed()
    told = [(event.body["signal"], event.raised, event.body["value"]) for event in await bench.events()]
    assert told == [("hot", True, 56.0), ("hot", False, 44.0), ("hot", True, 60.0)]


async def test_older_reading_moves_no_signal(bench: IntakeUnderTest) -> None:
    bench.post("bin-1", {"temperature_c": {"value": 20, "time": millis(10)}})
    bench.post("bin-1", {"temperature_c": {"value": 65, "time": millis(5)}})
    await bench.committed()
    bench.post("bin-1", {"temperature_c": {"value": 66, "time": millis(6)}})
    await bench.committed()
    assert await bench.events() == []


async def test_held_signal_is_raised_at_the_end_of_its_hold(bench: IntakeUnderTest) -> None:
    """`full` must hold for 600 s; the next reading after that notices it, and the event says when it was."""
    for second in (0, 300, 590, 640):
        bench.post("bin-1", {"fill_pct": {"value": 95, "time": millis(second - 640)}})
        await bench.committed()
    (event,) = await bench.events()
    assert (event.kind, event.effective_at) == ("waste_overflow", NOON - timedelta(seconds=40))


readings = st.lists(st.tuples(st.integers(0, 12), st.sampled_from([20, 44, 50, 56, 65, 75])), max_size=12)


@settings(max_examples=20)
@given(readings=readings, cuts=st.sets(st.integers(0, 11)))
async def test_signals_alternate_whatever_the_order(
    bench: IntakeUnderTest, readings: list[tuple[int, int]], cuts: set[int]
) -> None:
    """Per signal: raised, cleared, raised ... with times that never go back, and each crossing once."""
    run = next(_sessions)
    before = len(await bench.events())
    for place, (second, temperature) in enumerate(readings):
        at = run * 1000 + second
        bench.post(
            "bin-3", {"temperature_c": {"value": temperature, "time": millis(at)}}, at=NOON + timedelta(seconds=at)
        )
        if place in cuts:
            await bench.committed()
    bench.post(
        "bin-3",
        {"temperature_c": {"value": 0, "time": millis(run * 1000 + 20)}},
        at=NOON + timedelta(seconds=run * 1000 + 20),
    )
    await bench.committed()
    events = (await bench.events())[before:]
    for signal in ("hot", "burning"):
        told = [event for event in events if event.body["signal"] == signal]
        assert [event.raised for event in told] == [place % 2 == 0 for place in range(len(told))]
        assert len(told) % 2 == 0
        times = [event.effective_at for event in told]
        assert times == sorted(times)
    assert len({event.uid for event in events}) == len(events)


def change(bench: IntakeUnderTest, online: bool, cause: PresenceCause, **fields: Any) -> PresenceChange:
    device = bench.device("waste_bin", "bin-1")
    return PresenceChange(device, online=online, cause=cause, session_id=fields.get("sid"), at=bench.clock.now())


async def presence(bench: IntakeUnderTest) -> tuple[bool, str, int | None, str | None]:
    await bench.committed()
    (row,) = await bench.rows("SELECT online, presence_cause, session_id, gateway FROM device_state")
    return row["online"], row["presence_cause"], row["session_id"], row["gateway"]


async def test_connection_makes_a_device_present(bench: IntakeUnderTest) -> None:
    bench.intake.offer_presence(change(bench, True, PresenceCause.CONNECTED))
    assert await presence(bench) == (True, "connected", None, "gateway-0")
    bench.intake.offer_presence(change(bench, False, PresenceCause.KEEP_ALIVE))
    assert await presence(bench) == (False, "keep_alive", None, "gateway-0")


async def test_presence_keeps_its_place_among_the_messages(bench: IntakeUnderTest) -> None:
    """Birth, then the end of the connection, in one batch: the device is gone."""
    bench.intake.offer_presence(change(bench, True, PresenceCause.CONNECTED))
    bench.send("/sys/waste_bin/bin-1/state", {"s": "on", "sid": 5, "fw": "1.4"})
    bench.intake.offer_presence(change(bench, False, PresenceCause.DISCONNECTED))
    assert await presence(bench) == (False, "disconnected", 5, "gateway-0")
    assert await bench.value("SELECT firmware FROM device_state") == "1.4"


async def test_older_session_never_wins(bench: IntakeUnderTest) -> None:
    bench.send("/sys/waste_bin/bin-1/state", {"s": "on", "sid": 58})
    await bench.committed()
    bench.send("/sys/waste_bin/bin-1/state", {"s": "off", "sid": 57})  # The will of the session before.
    assert await presence(bench) == (True, "state_topic", 58, None)
    bench.send("/sys/waste_bin/bin-1/state", {"s": "off", "sid": 58})
    assert await presence(bench) == (False, "state_topic", 58, None)
