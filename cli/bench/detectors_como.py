"""Grouping quality on a real dispatch log: calls that police and fire service both took must be one incident."""

import csv
import gzip
from collections.abc import Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cli.bench.filled_steps import FilledSteps
from dispatcher.correlation.columns import EventColumns, event_columns, uid_bytes
from dispatcher.correlation.correlator import Correlator
from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.patterns.book import PatternBook
from dispatcher.patterns.matcher import Matcher
from dispatcher.patterns.shipped import shipped
from dispatcher.rules.document import PatternMode
from events.model import SourceClass
from registry.projection import Origin, project

POLICE: Final = "PD"
FIRE: Final = "FIRE_EMS"
WITHIN_S: Final = 600
RADIUS_DM: Final = 1_500
FAR_PAIRS: Final = 20_000
CENTRE: Final = Origin(lon=-92.33, lat=38.95)
# The rule set of a replay: one group for every kind (ruling B6).
RULE_SET: Final = "one group, R = 150 m, T = 600 s, m = 1, G = 0"
# What a feed's types would be among our kinds: the group of the first word that stands in the type.
GROUP_OF_WORDS: Final = (
    ("traffic", ("ACCIDENT", "COLLISION", "TRAFFIC", "STALLED", "DRIVING")),
    ("fire", ("FIRE", "SMOKE", "GAS", "FUEL", "ELECTRICAL")),
    ("crowd", ("DISTURBANCE", "NOISE", "FIGHT", "ASSAULT")),
)
GROUP_ELSE: Final = "help"
# And the kind that a pattern takes it for, strictly: a traffic stop is no accident, a hung-up call no emergency. The
# fire service's "unknown problem" is a person in need of whom nothing more is known.
KIND_OF_WORDS: Final = (
    ("traffic_accident", ("ACCIDENT", "COLLISION")),
    ("outdoor_fire", ("FIRE", "SMOKE")),
    ("brawl_violence", ("FIGHT", "ASSAULT", "DISTURBANCE")),
    ("medical_emergency", ("MEDIC", "OVERDOSE", "UNKNOWN PROBLEM")),
)
KIND_ELSE: Final = "unclassified"


def located_incidents(path: Path) -> list[dict[str, str]]:
    """The last delivery of each incident number that has a position, by number."""
    last: dict[str, dict[str, str]] = {}
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            key = row["incident"] or f"unnumbered {row['event_time']} {row['type']} {row['location']}"
            if key not in last or int(row["arrived_at"]) >= int(last[key]["arrived_at"]):
                last[key] = row
    return [row for _, row in sorted(last.items()) if row["lat"] and row["lon"]]


def measure(path: Path) -> dict[str, Any]:
    """Shares of same-place pairs and of random far pairs of the two services that lie in one incident."""
    rows = located_incidents(path)
    at_s = np.array([int(row["event_time"]) for row in rows])
    places = [project(float(row["lon"]), float(row["lat"]), CENTRE) for row in rows]
    columns = event_columns(
        [uid_bytes(0, number) for number in range(len(rows))],
        t_ms=at_s * 1000,
        x_dm=np.array([x for x, _ in places]),
        y_dm=np.array([y for _, y in places]),
        subject=np.arange(len(rows)),
    )
    correlator = Correlator(GroupTable([Group(radius_dm=RADIUS_DM, window_ms=WITHIN_S * 1000)]))
    component = correlator.apply(columns).component
    near = same_place_pairs(rows, at_s)
    at_once = np.array(simultaneous_far_pairs(rows, at_s, np.array(places)))
    far = _far_pairs(rows, np.array(places))
    together = [bool(component[i] == component[j]) for i, j in near]
    apart = component[far[:, 0]] == component[far[:, 1]]
    return {
        "rule_set": RULE_SET,
        "incidents": len(rows),
        "pairs": len(near),
        "pairs_together_pct": round(100 * float(np.mean(together)), 2),
        "far_pairs": len(far),
        "far_pairs_together_pct": round(100 * float(np.mean(apart)), 4),
        "simultaneous_far_pairs": len(at_once),
        "simultaneous_far_pairs_together_pct": round(
            100 * float(np.mean(component[at_once[:, 0]] == component[at_once[:, 1]])), 4
        ),
        "shipped_groups": under_shipped_groups(rows, columns, near, far),
        "must": "pairs >= 95 %, far pairs <= 2 %",
    }


def under_shipped_groups(
    rows: list[dict[str, str]], columns: EventColumns, near: list[tuple[int, int]], far: Any
) -> dict[str, Any]:
    """The same shares with the kind groups and patterns as shipped.

    Links join events of one group only. Two services that call one matter by types of different groups stand in two
    incidents, which a pattern makes one case.
    """
    text = resources.files("registry").joinpath("data", "kind_groups.csv").read_text(encoding="utf-8")
    groups = {row["id"]: row for row in csv.DictReader(text.splitlines())}
    names = list(groups)
    group_of = np.array([names.index(_group_of(row["type"])) for row in rows], np.int16)
    table = [
        Group(radius_dm=10 * int(g["r_m"]), window_ms=1000 * int(g["t_s"]), gap_ms=1000 * int(g["g_s"]), m=int(g["m"]))
        for g in groups.values()
    ]
    component = Correlator(GroupTable(table)).apply(columns._replace(group=group_of)).component
    case = _cases(component, columns, [kind_of(row["type"]) for row in rows])
    i, j = np.array(near).T
    of_one, together = group_of[i] == group_of[j], component[i] == component[j]
    return {
        "pairs_together_pct": round(100 * float(np.mean(together)), 2),
        "pairs_of_one_group_pct": round(100 * float(np.mean(of_one)), 2),
        "of_those_together_pct": round(100 * float(np.mean(together[of_one])), 2),
        "far_pairs_together_pct": round(100 * float(np.mean(component[far[:, 0]] == component[far[:, 1]])), 4),
        "pairs_in_one_case_pct": round(100 * float(np.mean(case[i] == case[j])), 2),
        "far_pairs_in_one_case_pct": round(100 * float(np.mean(case[far[:, 0]] == case[far[:, 1]])), 4),
    }


def _cases(component: NDArray[np.int64], columns: EventColumns, kinds: list[str]) -> NDArray[np.int64]:
    """The case of each event: incidents that the shipped patterns in force link are one."""
    patterns = [pattern for pattern in shipped().values() if pattern.mode is PatternMode.ACTIVE]
    names = sorted(set(kinds))
    sort = np.array([names.index(kind) for kind in kinds])
    batch = FilledSteps(names, [SourceClass.FEED], patterns).batch(columns, sort)
    case = {int(handle): int(handle) for handle in component}

    def head(handle: int) -> int:
        while case[handle] != handle:
            handle = case[handle]
        return handle

    for _, *uids in Matcher(PatternBook(tuple(patterns)).shapes()).apply(batch).links:
        a, b = (head(int(component[int.from_bytes(uid, "big")])) for uid in uids)
        case[max(a, b)] = min(a, b)
    return np.array([head(int(handle)) for handle in component])


def _group_of(type_name: str) -> str:
    return _first_of(GROUP_OF_WORDS, type_name) or GROUP_ELSE


def kind_of(type_name: str) -> str:
    """What a pattern takes a call of this type for."""
    return _first_of(KIND_OF_WORDS, type_name) or KIND_ELSE


def _first_of(named: Sequence[tuple[str, tuple[str, ...]]], type_name: str) -> str | None:
    upper = type_name.upper()
    return next((name for name, words in named if any(word in upper for word in words)), None)


def same_place_pairs(rows: list[dict[str, str]], at_s: Any) -> list[tuple[int, int]]:
    """Each fire call with every police call at the same coordinate within 10 minutes of it."""
    by_place: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(rows):
        if row["service"] in {POLICE, FIRE}:
            by_place.setdefault((row["lat"], row["lon"]), []).append(number)
    return [
        (i, j)
        for numbers in by_place.values()
        for i in numbers
        for j in numbers
        if rows[i]["service"] == POLICE and rows[j]["service"] == FIRE and abs(int(at_s[i] - at_s[j])) <= WITHIN_S
    ]


def _far_pairs(rows: list[dict[str, str]], places: Any) -> Any:
    """Random pairs of the two services whose positions are more than a kilometre apart, at any times."""
    generator = np.random.default_rng(1)
    police = np.flatnonzero([row["service"] == POLICE for row in rows])
    fire = np.flatnonzero([row["service"] == FIRE for row in rows])
    pairs = np.column_stack((generator.choice(police, 2 * FAR_PAIRS), generator.choice(fire, 2 * FAR_PAIRS)))
    gap = np.abs(places[pairs[:, 0]] - places[pairs[:, 1]]).max(axis=1)
    return pairs[gap > 10_000][:FAR_PAIRS]


def simultaneous_far_pairs(rows: list[dict[str, str]], at_s: Any, places: Any) -> list[tuple[int, int]]:
    """Pairs that follow each other in time but lie more than a kilometre apart: the harder kind of far pair."""
    order = np.argsort(at_s, kind="stable").tolist()
    return [
        (i, j)
        for i, j in pairwise(order)
        if {rows[i]["service"], rows[j]["service"]} == {POLICE, FIRE}
        and abs(int(at_s[i] - at_s[j])) <= WITHIN_S
        and int(np.abs(places[i] - places[j]).max()) > 10_000
    ]
