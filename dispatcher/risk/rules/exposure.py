"""Who may be hurt: sensitive places within reach, and a warning that makes the same event more likely to do harm."""

from datetime import UTC, datetime, timedelta
from typing import Final

from dispatcher.risk.model import WarningInForce, Witness
from dispatcher.risk.rules.seen import Rule, Seen, Told, named
from dispatcher.risk.tally import Tally
from registry.calendar import LOCAL
from registry.grading import SensitivePlace

_DAY_H: Final = 24
_COLOURS: Final = {1: ("红", "red"), 2: ("橙", "orange"), 3: ("黄", "yellow"), 4: ("蓝", "blue")}


def _sensitive_place(seen: Seen) -> int:
    """A nuisance stays one beside a school: the level of its row is the least consequence that it adds to."""
    return seen.kind.consequence if seen.facts.places and _near(seen) is not None else 0


def _tell_place(seen: Seen) -> Told:
    found = _near(seen)
    if found is None:
        raise LookupError("no sensitive place is near")
    place, near = found
    return Told(
        witnesses=named(near),
        zh=f"{place.reach_m} 米内有敏感场所：{place.zh_name}",
        en=f"within {place.reach_m} m of a sensitive place: {place.en_name}",
    )


def _near(seen: Seen) -> tuple[SensitivePlace, list[Witness]] | None:
    """The first place that reaches the incident at its hour, and by which events."""
    for place in seen.facts.places:
        near = [witness for cell, witness in seen.tally.cells.items() if place.reaches(cell)]
        if near and _counts_now(place, seen.tally):
            return place, near
    return None


def _counts_now(place: SensitivePlace, tally: Tally) -> bool:
    """Whether the incident's time touches the place's hours."""
    if place.hours is None:
        return True
    at, last = (
        datetime.fromtimestamp(ms // 1000, UTC).astimezone(LOCAL).replace(minute=0, second=0)
        for ms in (tally.first.at_ms, tally.last_ms)
    )
    hours_long = min((last - at) // timedelta(hours=1), _DAY_H - 1)
    touched = {(at.hour + n) % _DAY_H for n in range(hours_long + 1)}
    begin, end = place.hours
    return any((hour - begin) % _DAY_H < (end - begin) % _DAY_H for hour in touched)


def _weather_warning(seen: Seen) -> int:
    return int(bool(_warned(seen)))


def _tell_warning(seen: Seen) -> Told:
    gravest = min(_warned(seen), key=lambda each: (each.colour, each.uid))
    zh, en = _COLOURS[gravest.colour]
    return Told((gravest.uid,), zh=f"{zh}色预警生效中", en=f"a {en} warning is in force")


def _warned(seen: Seen) -> list[WarningInForce]:
    """The warnings that raise this kind, by their colour."""
    if not seen.facts.warnings:
        return []
    wanted = dict(seen.table.risk_of(seen.kind.id).warned_by)
    return [each for each in seen.facts.warnings if each.colour <= wanted.get(each.kind, 0)]


RULES: Final = (
    Rule("sensitive_place", _sensitive_place, _tell_place),
    Rule("weather_warning", _weather_warning, _tell_warning),
)
