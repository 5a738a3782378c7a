"""A message that was in hand at two crashes is not decoded a third time."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.crash_guard import IN_HAND_MAX, CrashGuard, fingerprint
from gateway.intake.model import Delivery


def delivery(payload: bytes, topic: str = "t") -> Delivery:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Delivery(topic, payload, 1, retain=False, dup=False, device=None, source=None, token=1, received_at=at)  # type: ignore[arg-type]


def test_note_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "run" / "note"
    CrashGuard(path).note([11, 12])  # Dies here: neither cleared nor closed.
    with CrashGuard(path) as second:
        assert second.suspects == {11: 1, 12: 1}
        second.note([11])
    with CrashGuard(path) as third:
        assert third.suspects == {11: 2}
        third.note([11, 13])
        third.clear()
    with CrashGuard(path) as fourth:
        assert fourth.suspects == {}


def test_note_takes_a_whole_slice(tmp_path: Path) -> None:
    path = tmp_path / "note"
    with CrashGuard(path) as guard:
        guard.note(list(range(IN_HAND_MAX)))
    with CrashGuard(path) as guard:
        assert len(guard.suspects) == IN_HAND_MAX


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_fingerprint_tells_payloads_apart(one: bytes, other: bytes) -> None:
    assert (fingerprint(delivery(one)) == fingerprint(delivery(other))) == (one == other)
    assert fingerprint(delivery(one)) == fingerprint(delivery(one))
    assert 0 <= fingerprint(delivery(one)) < 2**64
    assert fingerprint(delivery(one, "u")) != fingerprint(delivery(one, "v"))
