"""Sifts a segment of the log before it is clustered: what a flapping device says is kept out, or let in again."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from dispatcher.incidents.counts import Fate
from dispatcher.incidents.placing import Placing
from dispatcher.incidents.step import Step
from events.model import Event
from runtime.queries import load

QUERIES = load(__package__)


class Sifted(NamedTuple):
    """What is to be done with a segment, and with known events that it throws another light on."""

    events: list[Event]  # to be placed: raised ones go to the correlator
    suppressed: list[Event]  # of devices that flap
    taken_out: list[Event]  # of the suppressed, those that the correlator knows
    again: frozenset[bytes]  # uids of events that were placed before


async def sift(step: Step, placing: Placing, segment: Sequence[Event]) -> Sifted:
    """Take the segment into the series of its devices, and follow what that changes."""
    memory = step.memory
    flips = memory.flapping.take([(event, memory.is_late(event)) for event in segment])
    standing = [event for place, event in enumerate(segment) if place not in flips.outdated]
    here = {event.uid for event in standing if event.raised}
    known = await _known(step, placing, (flips.suppressed | flips.freed) - here)
    freed = [event for event in known if event.uid in flips.freed]
    suppressed = [event for event in standing if event.raised and event.uid in memory.parts.flaps]
    suppressed += [event for event in known if event.uid in flips.suppressed]
    taken_out = [
        event
        for event in suppressed
        if event.uid in flips.suppressed and memory.correlator.component_of(event.uid) is not None
    ]
    for event in [*freed, *taken_out]:
        memory.flapping.lift(event.uid)
    events = [event for event in standing if not (event.raised and event.uid in memory.parts.flaps)]
    placing.counts.note(Fate.SUPERSEDED, len(flips.outdated))
    return Sifted([*events, *freed], suppressed, taken_out, frozenset(event.uid for event in known))


async def _known(step: Step, placing: Placing, uids: Collection[bytes]) -> list[Event]:
    """The live versions of events of open incidents, in the order of their uids."""
    found: dict[bytes, Event] = {}
    for uid in uids:
        incident = step.memory.of_event.get(uid)
        touched = None if incident is None else placing.touched.get(id(incident))
        if touched is not None and uid in (held := touched.new_events | touched.corrected):
            found[uid] = held[uid][0]
    stored = sorted(uid for uid in uids if uid not in found and uid in step.memory.of_event)
    for row in await step.conn.fetch(QUERIES.live_events, stored) if stored else []:
        found[row["uid"]] = Event.of_columns(dict(row))
    return [found[uid] for uid in sorted(found)]
