"""Unusual readings: by property, over those that tell it, never by what comes after."""

from dispatcher.rates.unusual import UNUSUAL, unusual

CALM = [20.0 + n % 5 for n in range(300)]


def test_each_property_is_judged_by_its_own_values() -> None:
    readings = [[value, 7.0] for value in CALM]
    readings[200][0] = 90.0
    told = unusual(readings, ["temperature_c", "humidity_pct"])
    assert [row for row, scores in enumerate(told) if scores] == [200]
    assert told[200].keys() == {"temperature_c"}
    assert told[200]["temperature_c"] >= UNUSUAL


def test_what_a_reading_leaves_out_is_nothing_unusual() -> None:
    readings: list[list[float | None]] = [[value] for value in CALM]
    readings[150], readings[151] = [None], []
    assert not any(unusual(readings, ["temperature_c"]))


def test_nothing_after_a_reading_changes_what_is_said_of_it() -> None:
    readings = [[value] for value in CALM]
    readings[200][0] = 90.0
    assert unusual(readings[:201], ["temperature_c"]) == unusual(readings, ["temperature_c"])[:201]


def test_of_no_readings_nothing_is_said() -> None:
    assert unusual([], ["temperature_c"]) == []
