"""The patterns stage of a step: what happened together becomes one case, and every match says why.

It takes the events that were found by place and time or stand alone, noise among them (O7); late and suppressed ones
match nothing. Noise is in no incident: what its matches link is joined when it is in one.
The patterns' memory is recalled by a stage of its own before anything of the step is written.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from prometheus_client import Counter, Gauge

from dispatcher.channels import stream
from dispatcher.incidents.step import Advanced, Step
from dispatcher.patterns import evidence
from dispatcher.patterns import memory as memories
from dispatcher.patterns.candidates import batch_of
from dispatcher.patterns.cases import Link, join
from dispatcher.patterns.matcher import Outcome
from dispatcher.patterns.memory import PatternMemory
from dispatcher.patterns.model import Match, Pattern
from dispatcher.rules.document import PatternMode
from events.model import PLATFORM_SOURCES, Event, EventSource
from runtime.pool import execute_each
from runtime.queries import load

QUERIES = load(__package__)

MATCHED = Counter(
    "dispatcher_pattern_matches_total", "Anchors at which a pattern began to hold or changed", ["pattern"]
)
JOINED = Counter("dispatcher_cases_joined_total", "Cases that became part of another by a pattern")
REFUSED = Gauge("dispatcher_pattern_rows_refused", "Events that no full block of the matcher took")

_TAKEN: Final = frozenset({"clustered", "alone", "noise"})
_FLAPPING: Final = "device_flapping"

# (pattern, uid of the anchor) -> where it holds now, or None where it ceased to.
_Found = dict[tuple[int, bytes], Match | None]


async def recall(step: Step) -> Advanced:
    """Have the patterns' memory at hand, as of the last committed step."""
    if memories.known(step) is None:
        await evidence.recall(step)
    await memories.recall(step)
    return Advanced(0, 0)


async def advance(step: Step) -> Advanced:
    """Match the step's events, write what was found, join the cases that it links. Needs `recall` before."""
    memory = memories.known(step)
    if memory is None:
        raise LookupError("the patterns' memory was not recalled before the step")
    if not step.takeover and (not memory.book.patterns or not step.events):
        return Advanced(len(step.events), 0)
    found: _Found = {}
    links: list[Link] = []
    standing = await _read_standing(step, memory)
    corrected: set[bytes] = set()
    ruled = await _rule_anew(step, memory, found, links) if step.takeover else set()
    dropped = [uid for uid, each in standing.items() if each.standing not in _TAKEN]
    for segment, tick in _segments(step.events):
        events = [event for event in segment if _stands(event, standing)]
        batch = batch_of([memory.book.candidate(event, step.rulebook.areas) for event in events])
        corrected |= {
            event.uid
            for event, superseded in zip(events, memory.matcher.superseded_by(batch), strict=True)
            if event.revision > 0 or superseded
        }
        outcome = await _in_kernels(step, partial(memory.matcher.apply, batch, dropped=dropped))
        dropped = []
        _note(memory, outcome, found, links)
        if tick is not None:
            watermarks = memory.move_watermarks(step.rulebook.taxonomy, tick.effective_at)
            _note(memory, await _in_kernels(step, partial(memory.matcher.advance, watermarks)), found, links)
    REFUSED.set(memory.matcher.refused)
    await _write(step, memory, found, corrected)
    risen = await _link_risen(step, memory, links)
    await evidence.refresh(step, {uid for _, uid in found} | corrected | risen | ruled)
    JOINED.inc(await join(step, links))
    await _tell(step, memory, found)
    return Advanced(len(step.events), len(found))


async def _rule_anew(step: Step, memory: PatternMemory, found: _Found, links: list[Link]) -> set[bytes]:
    """What open incidents show follows the patterns that count from here on; returns the anchors of what changed."""
    _note(memory, memory.begun, found, links)
    memory.begun = Outcome()
    looked_for = [(pattern.id, pattern.version, pattern.mode) for pattern in memory.book.patterns]
    columns = [list(column) for column in zip(*looked_for, strict=True)] or [[], [], []]
    rows = await step.conn.fetch(QUERIES.rule_matches_anew, *columns, step.at)
    return {row["anchor_uid"] for row in rows}


@dataclass(frozen=True, slots=True)
class _Standing:
    """Which version of an event stands, and how."""

    position: tuple[str, int]
    standing: str


async def _read_standing(step: Step, memory: PatternMemory) -> dict[bytes, _Standing]:
    """The events of the step that a pattern may care for, as the incidents stage left them."""
    reported = [event for event in step.events if event.source not in PLATFORM_SOURCES and event.raised]
    known = memory.matcher.knows([event.uid for event in reported])
    by_kind = memory.book.by_kind
    uids = [event.uid for event, knows in zip(reported, known, strict=True) if knows or event.kind in by_kind]
    flapping = [change.incident_id for change in step.incidents if change.kind == _FLAPPING]
    if not uids and not flapping:
        return {}
    return {
        row["event_uid"]: _Standing((row["stream"], row["seq"]), row["standing"])
        for row in await step.conn.fetch(QUERIES.standing_events, uids, flapping)
    }


def _stands(event: Event, standing: Mapping[bytes, _Standing]) -> bool:
    """Whether the event counts; a version that came after its incident was final is an annotation."""
    found = standing.get(event.uid)
    return found is not None and found.position == (event.stream, event.seq) and found.standing in _TAKEN


def _segments(events: Sequence[Event]) -> Iterator[tuple[list[Event], Event | None]]:
    """The events between two ticks, each with the tick that ends them."""
    segment: list[Event] = []
    for event in events:
        if event.source is EventSource.TICK:
            yield segment, event
            segment = []
        elif event.source not in PLATFORM_SOURCES:
            segment.append(event)
    yield segment, None


async def _in_kernels(step: Step, work: Callable[[], Outcome]) -> Outcome:
    """In the thread of the kernels, which release the interpreter."""
    return await asyncio.get_running_loop().run_in_executor(step.kernels, work)


def _note(memory: PatternMemory, outcome: Outcome, found: _Found, links: list[Link]) -> None:
    for key in outcome.lost:
        found[key] = None
    for match in outcome.found:
        found[match.pattern, match.anchor_uid] = match
    for number, anchor_uid, other_uid in outcome.links:
        pattern = memory.book.patterns[number]
        if pattern.mode is PatternMode.ACTIVE:
            links.append(Link(pattern, anchor_uid, other_uid))


async def _link_risen(step: Step, memory: PatternMemory, links: list[Link]) -> set[bytes]:
    """What was noise when a match was found and is in an incident now is linked now; returns the anchors."""
    if not step.risen:
        return set()
    active = {
        (pattern.id, pattern.version): pattern for pattern in memory.book.patterns if pattern.mode is PatternMode.ACTIVE
    }
    anchors: set[bytes] = set()
    for row in await step.conn.fetch(QUERIES.matches_of_risen, sorted(step.risen)):
        pattern = active.get((row["pattern_id"], row["version"]))
        if pattern is not None:
            anchors.add(row["anchor_uid"])
            links += [Link(pattern, row["anchor_uid"], uid) for uid in row["witness_uids"] if uid != row["anchor_uid"]]
    return anchors


async def _write(step: Step, memory: PatternMemory, found: _Found, corrected: AbstractSet[bytes]) -> None:
    if corrected:
        await step.conn.fetch(QUERIES.withdraw_matches_at, list(corrected), step.at)
    rows, gone = [], []
    for (number, anchor_uid), match in found.items():
        pattern = memory.book.patterns[number]
        if match is None:
            gone.append((pattern.id, pattern.version, anchor_uid, step.at))
        else:
            MATCHED.labels(pattern.id).inc()
            rows.append(_row(pattern, match, step.at))
    await execute_each(step.conn, QUERIES.withdraw_match, gone)
    await execute_each(step.conn, QUERIES.put_match, rows)


def _row(pattern: Pattern, match: Match, at: datetime) -> tuple[object, ...]:
    witnesses = [
        {
            "step": pattern.steps[witness.step].name,
            "uid": witness.uid.hex(),
            "d_m": None if witness.distance_dm is None else witness.distance_dm / 10,
            "dt_s": witness.dt_ms / 1000,
        }
        for witness in match.witnesses
    ]
    return (
        pattern.id,
        pattern.version,
        match.anchor_uid,
        datetime.fromtimestamp(match.anchor_ms / 1000, UTC),
        pattern.mode,
        at,
        witnesses,
        sorted({witness.uid for witness in match.witnesses}),
    )


async def _tell(step: Step, memory: PatternMemory, found: _Found) -> None:
    """Put on the stream what the incidents show of the active patterns' new and changed matches."""
    uids = [
        uid
        for (number, uid), match in found.items()
        if match is not None and memory.book.patterns[number].mode is PatternMode.ACTIVE
    ]
    if not uids:
        return
    incidents = {row["incident_id"] for row in await step.conn.fetch(QUERIES.incidents_of_events, uids)}
    rows = []
    for told in await step.conn.fetch(QUERIES.matches_told, sorted(incidents), uids):
        body: dict[str, Any] = dict(told)
        area_path = body.pop("area_path")
        rows.append(
            stream.Row("incident.matched", area_path, (), {"match": body | {"anchor_uid": told["anchor_uid"].hex()}})
        )
    await stream.publish_all(step.conn, rows, step.at)
