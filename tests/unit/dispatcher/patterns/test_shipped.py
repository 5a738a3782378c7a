"""A worked case of every shipped pattern, in every order of its events: what is found, and what is not."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, Final

import pytest

from dispatcher.patterns.book import PatternBook
from dispatcher.patterns.candidates import batch_of
from dispatcher.patterns.matcher import Matcher, Outcome
from dispatcher.patterns.model import Match, Pattern
from dispatcher.patterns.shipped import seed_rows, shipped
from dispatcher.rules.document import PatternMode
from events.model import Event, EventSource, SourceClass, TimeQuality, event_uid
from registry.areas import AreaIndex

START: Final = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NOWHERE: Final = AreaIndex([])
SENSOR, CAMERA, GATE, HOTLINE = SourceClass.SENSOR, SourceClass.CAMERA, SourceClass.GATE, SourceClass.HOTLINE


@dataclass(frozen=True)
class Seen:
    """One event: who, what, when, and how far east of the origin."""

    name: str
    kind: str
    source_class: SourceClass
    after_s: int
    east_m: int
    severity: int = 3
    celsius: float | None = None

    def event(self) -> Event:
        at = START + timedelta(seconds=self.after_s)
        body: dict[str, Any] = {}
        source = EventSource.DEVICE_EVENT
        if self.celsius is not None:
            source = EventSource.SIGNAL
            body = {"signal": "hot", "property": "temperature_c", "value": self.celsius}
        return Event(
            uid=event_uid("test", self.name),
            content_hash=bytes(8),
            source=source,
            source_class=self.source_class,
            kind=self.kind,
            severity=self.severity,
            subject=self.name,
            x_dm=self.east_m * 10,
            y_dm=0,
            received_at=at,
            effective_at=at,
            time_quality=TimeQuality.DEVICE,
            body=body,
            stream="gateway-0",
            seq=1,
        )


# Pattern -> its events. The first is the anchor, then the witness of each further step in the order of the steps;
# behind them what must not be taken: too far, too early, too late, of the wrong class, too mild, too cool.
WORKED: Final[dict[str, tuple[list[Seen], list[Seen]]]] = {
    "outdoor_fire": (
        [
            Seen("camera 3", "outdoor_fire", CAMERA, 130, 90),
            Seen("bin 7", "outdoor_fire", SENSOR, 0, 0),
            Seen("call", "outdoor_fire", HOTLINE, 240, 50),
        ],
        [Seen("bin 9", "outdoor_fire", SENSOR, 180, 210)],  # in reach, and farther than bin 7
    ),
    "gas_leak": (
        [Seen("detector", "gas_leak_alarm", SENSOR, 0, 0), Seen("smell", "odour_nuisance", HOTLINE, -600, 100)],
        [Seen("smell far away", "odour_nuisance", HOTLINE, 0, 101)],
    ),
    "basement_flood": (
        [Seen("garage", "basement_flooding", SENSOR, 0, 0), Seen("street", "sewage_overflow", HOTLINE, 900, -200)],
        [Seen("an hour before", "sewage_overflow", HOTLINE, -1801, 0)],
    ),
    "lift_entrapment": (
        [
            Seen("lift 2", "elevator_out_of_service", SENSOR, 0, 0),
            Seen("bell in the cabin", "public_help_point_sos", GATE, 45, 0, severity=4),
        ],
        [Seen("another building", "elevator_entrapment", HOTLINE, 60, 60)],
    ),
    "ebike_charging_fire": (
        [
            Seen("smoke on floor 3", "household_smoke_alarm", SENSOR, 7200, 0, severity=5),
            Seen("charging in the hall", "ebike_indoor_charging", CAMERA, 0, 20),
        ],
        [Seen("charging afterwards", "ebike_indoor_charging", CAMERA, 7300, 5)],  # the fire came first
    ),
    "crowd_crush": (
        [Seen("square", "crowd_gathering", CAMERA, 0, 0), Seen("fainted", "medical_emergency", HOTLINE, 300, 80)],
        [Seen("a small group", "crowd_gathering", CAMERA, 10, 5, severity=1)],
    ),
    "gate_break_in": (
        [Seen("gate 4", "perimeter_intrusion", GATE, 0, 0), Seen("camera 8", "perimeter_intrusion", CAMERA, 20, 40)],
        [Seen("tailgating", "perimeter_intrusion", GATE, 5, 10, severity=1)],
    ),
    "falling_objects": (
        [
            Seen("facade camera", "high_altitude_throwing", CAMERA, 0, 0),
            Seen("glass on the lawn", "high_altitude_throwing", HOTLINE, 1200, 30),
        ],
        [Seen("loose tile, other house", "facade_falling_hazard", HOTLINE, 600, 61)],
    ),
    "bin_fire": (
        [
            Seen("bin 7", "outdoor_fire", SENSOR, 0, 0, celsius=58.0),
            Seen("camera 3", "outdoor_fire", CAMERA, 130, 80),
        ],
        [Seen("bin in the sun", "outdoor_fire", SENSOR, 60, 10, celsius=54.9)],
    ),
    "manhole_traffic": (
        [
            Seen("cover 11", "manhole_cover_missing", SENSOR, 0, 0),
            Seen("scooter fell", "traffic_accident", HOTLINE, 1500, 12),
        ],
        [Seen("accident two streets on", "traffic_accident", CAMERA, 100, 81)],
    ),
    "power_outage_area": (
        [
            Seen("transformer", "power_outage_building", SENSOR, 0, 0),
            Seen("lamps", "streetlight_out", SENSOR, 30, 450),
        ],
        [Seen("phones", "communication_outage", HOTLINE, 1801, 10)],
    ),
    "elderly_sos_still": (
        [
            Seen("button", "elderly_sos", SENSOR, 0, 0, severity=4),
            Seen("no movement", "elderly_inactivity", SENSOR, 1800, 5),
        ],
        [Seen("next building", "elderly_inactivity", SENSOR, 60, 31)],
    ),
    "illegal_dumping": (
        [
            Seen("camera 21", "construction_waste_dumping", CAMERA, 0, 0),
            Seen("rubble on the path", "construction_waste_dumping", HOTLINE, 5400, 60),
        ],
        [Seen("dust elsewhere", "dust_pollution", HOTLINE, 600, 101)],
    ),
    "night_construction_noise": (
        [
            Seen("site meter", "construction_noise_night", SENSOR, 0, 0),
            Seen("cannot sleep", "construction_noise_night", HOTLINE, 600, 150),
        ],
        [Seen("a louder neighbour", "social_life_noise", HOTLINE, 300, 180)],  # in reach, and farther
    ),
    "water_main_burst": (
        [
            Seen("pressure lost", "water_main_burst", SENSOR, 0, 0),
            Seen("no water", "water_outage", HOTLINE, 900, 380),
        ],
        [Seen("no water beyond the zone", "water_outage", HOTLINE, 100, 401)],
    ),
    "odour_and_illness": (
        [
            Seen("pungent smell", "chemical_odour_leak", SENSOR, 0, 0),
            Seen("dizzy", "medical_emergency", HOTLINE, 700, 120),
        ],
        [Seen("dizzy the day before", "medical_emergency", HOTLINE, -86_400, 0)],
    ),
    "accident_casualty": (
        [
            Seen("two cars", "traffic_accident", CAMERA, 0, 0),
            Seen("somebody is hurt", "medical_emergency", HOTLINE, 240, 40),
        ],
        [
            Seen("ill at home round the corner", "medical_emergency", HOTLINE, 120, 61),
            Seen("ill at the same place later", "medical_emergency", HOTLINE, 601, 0),
        ],
    ),
    "unanswered_sos": (
        [Seen("button at the gate", "public_help_point_sos", GATE, 0, 0, severity=4)],
        [
            Seen("a call before it", "medical_emergency", HOTLINE, -60, 10),
            Seen("a call too late", "medical_emergency", HOTLINE, 601, 10),
        ],
    ),
}

PATTERNS: Final = shipped()


def found(pattern: Pattern, seen: list[Seen]) -> dict[bytes, Match]:
    """What the matcher holds at the end, an event a call."""
    book = PatternBook((pattern,))
    matcher = Matcher(book.shapes())
    held: dict[bytes, Match] = {}
    for each in seen:
        take(matcher.apply(batch_of([book.candidate(each.event(), NOWHERE)])), held)
    take(matcher.advance([1 << 60]), held)
    return held


def take(outcome: Outcome, held: dict[bytes, Match]) -> None:
    for _, uid in outcome.lost:
        held.pop(uid, None)
    held.update({match.anchor_uid: match for match in outcome.found})


def test_every_shipped_pattern_has_a_worked_case_and_fifteen_are_in_force() -> None:
    assert WORKED.keys() == PATTERNS.keys()
    assert sum(pattern.mode is PatternMode.ACTIVE for pattern in PATTERNS.values()) >= 15
    steps = {(row["pattern"], row["version"]) for row in seed_rows("pattern_steps")}
    assert steps == {(row["id"], row["version"]) for row in seed_rows("patterns")}


@pytest.mark.parametrize("name", WORKED)
def test_worked_case_is_found_in_every_order(name: str) -> None:
    pattern = PATTERNS[name]
    completing, others = WORKED[name]
    by_uid = {each.event().uid: each for each in completing}
    anchor = completing[0].event()
    for order in permutations([*completing, *others]):
        match = found(pattern, list(order))[anchor.uid]
        witnesses = {pattern.steps[w.step].name: w for w in match.witnesses}
        assert {w.uid for w in witnesses.values()} == by_uid.keys()
        for witness in witnesses.values():
            seen = by_uid[witness.uid]
            assert witness.distance_dm == abs(seen.east_m - completing[0].east_m) * 10
            assert witness.dt_ms == (seen.after_s - completing[0].after_s) * 1000


@pytest.mark.parametrize("name", WORKED)
def test_nothing_is_found_while_a_step_is_missing(name: str) -> None:
    """The others stand in for the missing step, and will not do, unless they are merely the farther ones."""
    completing, others = WORKED[name]
    stand_ins = [each for each in others if each.name not in {"bin 9", "a louder neighbour"}]
    for missing in completing:
        rest = [each for each in completing if each is not missing]
        if rest:
            assert found(PATTERNS[name], [*rest, *stand_ins]) == {}, missing.name


def test_an_answer_ends_the_absence() -> None:
    (sos,), _ = WORKED["unanswered_sos"]
    answer = Seen("a call in time", "medical_emergency", HOTLINE, 300, 10)
    for order in permutations([sos, answer]):
        assert found(PATTERNS["unanswered_sos"], list(order)) == {}
