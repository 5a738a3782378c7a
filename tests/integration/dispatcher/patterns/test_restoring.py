"""A matcher that was restored from the log's rows is the one that was kept, whatever the log said."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.incidents import stage as incidents
from dispatcher.incidents.step import Step
from dispatcher.patterns import memory as memories
from dispatcher.patterns import stage as patterns
from dispatcher.patterns.kernels.index import ANCHOR, CLOSED, HOLDS, KNOWN, LIVE
from dispatcher.patterns.matcher import Matcher
from events.model import EventDraft, EventSource, SourceClass, content_hash
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft
from tests.integration.dispatcher.patterns.seen import clear

COMMUNITIES: Final = ("t-one", "t-two")
# Patterns with a predicate (bin_fire), with places (basement_flood), in order, with severities, with an absence.
KINDS: Final = (
    "outdoor_fire", "open_burning", "basement_flooding", "sewage_overflow", "crowd_gathering", "medical_emergency",
    "ebike_indoor_charging", "household_smoke_alarm", "elderly_sos", "unclassified",
)  # fmt: skip
MEASURED: Final[tuple[tuple[EventSource, dict[str, Any]], ...]] = (
    (EventSource.SIGNAL, {"property": "temperature_c", "value": 55}),
    (EventSource.SIGNAL, {"property": "temperature_c", "value": 54.9}),
    (EventSource.SIGNAL, {"property": "humidity_pct", "value": 80}),
    (EventSource.DEVICE_EVENT, {"value": {"temperature_c": 60.5}}),
    (EventSource.DEVICE_EVENT, {"value": "热"}),
    (EventSource.DEVICE_EVENT, {}),
)


@dataclass(frozen=True)
class Said:
    name: int
    revision: int
    after_s: int
    east_m: int | None
    path: tuple[str, ...]
    kind: str
    source_class: SourceClass
    severity: int
    measured: tuple[EventSource, dict[str, Any]]

    def draft(self) -> EventDraft:
        source, body = self.measured
        return draft(
            f"event {self.name}",
            self.after_s,
            self.east_m,
            revision=self.revision,
            content_hash=content_hash(repr(self)),
            area_path=self.path,
            kind=self.kind,
            source_class=self.source_class,
            severity=self.severity,
            source=source,
            body=body,
        )


SAID: Final = st.builds(
    Said,
    name=st.integers(0, 25),
    revision=st.integers(0, 1),
    after_s=st.integers(0, 12).map(lambda n: n * 120),
    east_m=st.one_of(st.integers(0, 6).map(lambda n: n * 30), st.none()),
    path=st.sampled_from([(), ("t-city",), *(("t-city", community) for community in COMMUNITIES)]),
    # Many are of the kinds and the class of which it counts what they measured, or how severe they are.
    kind=st.one_of(*map(st.just, ("outdoor_fire", "elderly_sos", "crowd_gathering")), st.sampled_from(KINDS)),
    source_class=st.one_of(st.just(SourceClass.SENSOR), st.sampled_from([SourceClass.CAMERA, SourceClass.HOTLINE])),
    severity=st.integers(1, 3),
    measured=st.sampled_from(MEASURED),
)
# What was said in one step, and what the clock then was.
STEPS: Final = st.lists(
    st.tuples(st.lists(SAID, min_size=4, max_size=16), st.one_of(st.none(), st.integers(0, 80).map(lambda n: n * 120))),
    min_size=1,
    max_size=4,
)


def matcher_of(step: Step) -> Matcher:
    memory = memories.known(step)
    assert memory is not None
    return memory.matcher


def held(matcher: Matcher) -> dict[tuple[int, int, int], tuple[object, ...]]:
    """By pattern and uid: the rows that anything may still need, and what holds at the open anchors."""
    state = matcher._state
    rows = state.rows[: matcher.rows]
    by = state.patterns[rows["pattern"]]
    needed = (rows["flags"] & LIVE != 0) & (rows["t"] + 2 * by["window"] >= by["watermark"])
    known = state.known[: state.counters[KNOWN]]
    versions = {(int(k["uid_hi"]), int(k["uid_lo"])): (int(k["revision"]), int(k["content"])) for k in known}
    found: dict[tuple[int, int, int], tuple[object, ...]] = {}
    for row in rows[needed]:
        is_open = row["flags"] & (ANCHOR | CLOSED) == ANCHOR
        holds = int(row["signature"]) if is_open and row["flags"] & HOLDS else None
        told = [int(row[name]) for name in ("t", "x", "y", "place", "mask")]
        uid = int(row["uid_hi"]), int(row["uid_lo"])
        found[(int(row["pattern"]), *uid)] = (*told, int(row["flags"]) & ~HOLDS, holds, versions[uid])
    assert len(found) == np.count_nonzero(needed)
    return found


@settings(max_examples=30)  # each takes a log through a database
@given(STEPS)
async def test_a_restored_matcher_holds_what_the_kept_one_holds(
    pool: Pool, owner: Connection, steps: list[tuple[list[Said], int | None]]
) -> None:
    await clear(owner)
    for community in COMMUNITIES:
        await owner.execute(
            "INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ($1, 'community', 'x', 'x', ARRAY[$1])"
            " ON CONFLICT DO NOTHING",
            community,
        )
    clock_s = 0
    with LogUnderTest(pool, patterns.recall, incidents.advance, patterns.advance) as log:
        for said, by_s in steps:
            await log.write(*(each.draft() for each in said))
            if by_s is not None:
                clock_s = max(clock_s, by_s)
                await log.tick(clock_s)
            kept = matcher_of(await log.step())
            memory = log.memory
            log.restart()
            assert held(matcher_of(await log.step())) == held(kept)
            log.memory = memory  # goes on with the one that was kept
