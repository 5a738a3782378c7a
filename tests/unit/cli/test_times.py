"""Lengths and times as people type them."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from cli.times import aware, length


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("2d", timedelta(days=2)),
    ],
)
def test_length_is_read(text: str, expected: timedelta) -> None:
    assert length(text) == expected


@pytest.mark.parametrize("text", ["", "30", "m", "-5m", "5 m", "1h-30m", "1w", "99999999999d", "9" * 5000 + "s"])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        length(text)


def test_time_without_offset_is_utc() -> None:
    assert aware("2026-03-01T08:00:00") == aware("2026-03-01T16:00:00+08:00") == datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "0001-01-01T00:00:00+08:00", "9999-12-31T23:00:00-08:00"])
def test_time_that_no_calendar_holds_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        aware(text)
