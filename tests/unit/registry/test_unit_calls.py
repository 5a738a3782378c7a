"""An external unit is called by kind, place, grade and hour, as its row says."""

from dataclasses import replace
from datetime import UTC, datetime, time

from registry.organisations import UnitTrade
from registry.unit_calls import UnitCall, calls_of

PATH = ("cd", "cd-east", "cd-east-1")
NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)  # 12:00 in Chengdu.
CALL = UnitCall(1, "gas_leak_alarm", UnitTrade.GAS, None, 2, None, None, "test")


def fits(call: UnitCall, *, kind: str = "gas_leak_alarm", grade: int = 2, at: datetime = NOON) -> bool:
    return call.fits(kind, PATH, grade, at)


def test_unit_is_called_for_its_kind_at_its_grade_and_graver_in_its_area() -> None:
    assert fits(CALL)
    assert fits(CALL, grade=1)
    assert not fits(CALL, grade=3)
    assert not fits(CALL, kind="water_outage")
    assert fits(replace(CALL, area_id="cd-east"))
    assert not fits(replace(CALL, area_id="cd-west"))


def test_hours_are_chinas_and_may_span_midnight() -> None:
    night = replace(CALL, from_time=time(18), until_time=time(9))
    assert not fits(night)
    assert fits(night, at=datetime(2026, 3, 11, 10, 0, tzinfo=UTC))  # 18:00
    assert fits(night, at=datetime(2026, 3, 11, 0, 59, tzinfo=UTC))  # 08:59
    assert not fits(night, at=datetime(2026, 3, 11, 1, 0, tzinfo=UTC))  # 09:00
    day = replace(CALL, from_time=time(9), until_time=time(18))
    assert fits(day)
    assert not fits(day, at=datetime(2026, 3, 11, 10, 0, tzinfo=UTC))


def test_each_trade_is_called_once() -> None:
    twice = (CALL, replace(CALL, grade_max=4), replace(CALL, trade=UnitTrade.LIFT))
    assert [call.trade for call in calls_of(twice, "gas_leak_alarm", PATH, 2, NOON)] == ["gas", "lift"]
