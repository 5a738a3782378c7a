"""Reads the two real feeds row by row: dispatch records in order of arrival, and messages of residents."""

import csv
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_CALL_TEXT_MAX: Final = 8000
_COMO: Final = ("arrived_at", "incident", "event_time", "type", "agency", "location", "lat", "lon")
_HOTLINE: Final = ("留言编号", "留言主题", "留言详情")


class FeedUnreadable(ValueError):
    """The file is missing, no CSV, or lacks a column."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path: Final = path
        self.problem: Final = problem


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery of one dispatch record. Times are seconds since 1970."""

    arrived_s: int
    incident: str
    occurred_s: int
    type: str
    agency: str | None
    place: str | None
    lon: float | None
    lat: float | None

    def as_record(self) -> dict[str, object]:
        """The payload of a `record` event: the arrival orders the deliveries of one incident."""
        record: dict[str, object] = {
            "recordId": self.incident,
            "subject": self.incident,
            "type": self.type,
            "occurredAt": self.occurred_s * 1000,
            "revision": self.arrived_s * 1000,
        }
        if self.lon is not None and self.lat is not None:
            record |= {"lon": self.lon, "lat": self.lat}
        if self.place is not None:
            record["place"] = self.place
        if self.agency is not None:
            record["agency"] = self.agency
        return record


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a resident."""

    number: str
    text: str


def count_rows(path: Path) -> int:
    """How many rows follow the heading. Raises FeedUnreadable."""
    return sum(1 for _ in _rows(path, ()))


def arrivals(path: Path) -> Iterator[Arrival]:
    """Dispatch deliveries in the order of the file, which is the order of arrival. Raises FeedUnreadable."""
    for number, row in enumerate(_rows(path, _COMO), start=2):
        try:
            yield _arrival(row)
        except ValueError as error:
            raise FeedUnreadable(path, f"row {number}: {error}") from error


def letters(path: Path) -> Iterator[Letter]:
    """Messages of residents: subject and details together are the text of a call. Raises FeedUnreadable."""
    for row in _rows(path, _HOTLINE):
        text = f"{row['留言主题'].strip()}\n{row['留言详情'].strip()}".replace("\x00", "")
        yield Letter(number=row["留言编号"].strip(), text=text[:_CALL_TEXT_MAX])


def _arrival(row: dict[str, str]) -> Arrival:
    located = bool(row["lat"]) and bool(row["lon"])
    return Arrival(
        arrived_s=int(row["arrived_at"]),
        incident=row["incident"] or _unnumbered(row),
        occurred_s=int(row["event_time"]),
        type=row["type"],
        agency=row["agency"] or None,
        place=row["location"] or None,
        lon=float(row["lon"]) if located else None,
        lat=float(row["lat"]) if located else None,
    )


def _unnumbered(row: dict[str, str]) -> str:
    """A number for a record without one: equal for equal records, so that its redeliveries stay one event."""
    told = "\t".join((row["event_time"], row["type"], row["location"]))
    return f"unnumbered-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with _opened(path) as file:
            reader = csv.DictReader(file, restval="")
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise FeedUnreadable(path, f"lacks the columns {', '.join(missing)}")
            yield from reader
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise FeedUnreadable(path, str(error)) from error


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open("r", encoding="utf-8-sig", newline="")
