"""Writes a log as a long day leaves it: sparse and dense groups, merges, corrections, what came late, calls, ticks."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, Final

from dispatcher.channels import outbox
from events import log
from events.model import HOTLINE_STREAM, EventDraft, EventSource, SourceClass, content_hash, event_uid
from events.ticks import append_tick
from runtime.pool import Connection
from tests.harness.log import START, draft, place
from tests.integration.dispatcher.tickets import town

GATEWAYS: Final = ("gateway-0", "gateway-1", "gateway-2")
# Of groups with different spans; some open tickets by themselves, one is never clustered.
KINDS: Final = (
    "outdoor_fire",
    "gas_leak_alarm",
    "household_smoke_alarm",
    "waste_overflow",
    "basement_flooding",
    "construction_noise_night",
    "unclassified",
)
SPOTS: Final = 14
# Of groups of m > 1, and too mild to be incidents alone: at few spots, where clusters, borders and noise are common.
MILD: Final = ("street_vendor_occupation", "illegal_posting", "illegal_parking")
MILD_SPOTS: Final = 3
MILD_SHARE: Final = 0.4
DENSE_GROUPS: Final = {
    "waste": {"m": 3, "r_m": 40, "t_s": 120, "g_s": 30, "lateness_s": 200},
    "parking": {"m": 2, "r_m": 30, "t_s": 90, "g_s": 0, "lateness_s": 200},
    "environment": {"m": 4, "r_m": 30, "t_s": 120, "g_s": 0, "lateness_s": 200},
}
# (s, m) of a scene of the last group: the fourth is a border of the first cluster, and by it the fifth is core. The
# first is final long before the second: who starts meanwhile knows the second as a cluster only by `final_neighbours`.
CONTESTED: Final = ((0, 0), (2, 0), (100, 0), (220, 0), (340, 20), (420, 20), (420, 20))
CONTESTED_KIND: Final = "odour_nuisance"
CONTESTED_EVERY_S: Final = 150.0
SPACING_S: Final = 4.0
TICK_S: Final = 120.0
EVENING_EVENTS: Final = 200

_RULES: Final = """
UPDATE rule_versions SET content = jsonb_set(content, ARRAY['groups', $1::text], content #> ARRAY['groups', $1] || $2)
WHERE rule_set = 'default'"""


async def record(conn: Connection, seed: int, events: int) -> None:
    """Fill an empty database with a town and a log of so many events; the same for the same seed."""
    await town.build(conn)
    await conn.execute("UPDATE deployment SET simulated_at = $1", START)
    await conn.fetchval("SELECT ensure_partitions($1, $2)", START.date(), START.date() + timedelta(days=1))
    for unit in ("t-fire", "t-urban", "t-desk"):
        # An address inside the platform's own network is refused before anything is sent.
        await outbox.add_endpoint(conn, organisation_id=unit, url="https://127.0.0.1:9/", secret="whsec_c2VjcmV0")
    for group, rules in DENSE_GROUPS.items():
        await conn.execute(_RULES, group, rules)
    story = _Story(Random(seed))
    await _tell(conn, story, range(events), 0.0)
    # Long after: everything is final, every clock has run down.
    end_s = events * SPACING_S
    for hours in (1, 6, 30):
        await append_tick(conn, START + timedelta(seconds=end_s, hours=hours))
    # An evening of which the end stays open, with final neighbours that still count.
    await _tell(conn, story, range(events, events + EVENING_EVENTS), 30 * 3600.0)


async def _tell(conn: Connection, story: "_Story", numbers: range, after_s: float) -> None:
    """Write so many things that were said, with a tick now and then."""
    segment: dict[str, list[EventDraft]] = {}
    ticked_s = after_s + numbers.start * SPACING_S
    for number in numbers:
        at_s = after_s + number * SPACING_S
        if at_s - ticked_s >= TICK_S:
            ticked_s = at_s
            await _flush(conn, segment)
            await append_tick(conn, START + timedelta(seconds=at_s))
        for stream, said in story.tell(number, at_s):
            segment.setdefault(stream, []).append(await _with_call(conn, said) if stream == HOTLINE_STREAM else said)
    await _flush(conn, segment)


async def _flush(conn: Connection, segment: dict[str, list[EventDraft]]) -> None:
    for stream, drafts in sorted(segment.items()):
        await log.append(conn, stream, drafts)
    segment.clear()


async def _with_call(conn: Connection, said: EventDraft) -> EventDraft:
    call_id = await conn.fetchval(
        "INSERT INTO hotline_calls (idempotency_key, content_hash, received_at, text, caller_name, anonymous,"
        " confidential) VALUES ($1, $2, $3, '有人反映', '张三', $4, false) RETURNING id",
        said.subject,
        said.content_hash,
        said.received_at,
        said.uid[0] % 3 == 0,
    )
    return replace(said, call_id=call_id)


class _Story:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._told: list[tuple[str, EventDraft]] = []
        self._scenes = 0
        self._scene_s = 0.0
        self._due: list[tuple[float, EventDraft]] = []

    def tell(self, number: int, at_s: float) -> Iterator[tuple[str, EventDraft]]:
        """What was said by then, on its stream."""
        if at_s >= self._scene_s:
            self._scene_s = at_s + CONTESTED_EVERY_S
            self._due = sorted([*self._due, *self._contested(at_s)], key=lambda due: due[0])
        while self._due and self._due[0][0] <= at_s:
            yield self._rng.choice(GATEWAYS), self._due.pop(0)[1]
        chance = self._rng.random()
        if chance < 0.10 and self._told:
            said = self._again(at_s)
        elif chance < 0.16:
            said = HOTLINE_STREAM, self._event(number, at_s, person=True)
        else:
            said = self._rng.choice(GATEWAYS), self._event(number, at_s, person=False)
        if said[0] != HOTLINE_STREAM:
            self._told = [*self._told[-400:], said]
        yield said

    def _event(self, number: int, at_s: float, *, person: bool) -> EventDraft:
        rng = self._rng
        mild = not person and rng.random() < MILD_SHARE
        kind = rng.choice(MILD if mild else KINDS)
        spot = rng.randrange(MILD_SPOTS if mild else SPOTS)
        late_s = rng.choice((3000, 9000, 20_000)) if rng.random() < 0.04 else rng.uniform(0, 120)
        # Two hearths a spot, now and then joined by what lies between them.
        angle, far_m = rng.uniform(0, math.tau), rng.gauss(0, 45)
        east_m = 900.0 * spot + rng.choice((0, 0, 190, 190, 95)) + far_m * math.cos(angle)
        changes: dict[str, Any] = {
            "uid": event_uid("recorded", number),
            "kind": kind,
            "severity": rng.randint(1, 5),
            "subject": f"call {number}" if person else f"{kind} {spot}-{rng.randrange(6)}",
            "raised": person or rng.random() > 0.05,
            "source": EventSource.HOTLINE if person else EventSource.DEVICE_EVENT,
            "source_class": SourceClass.HOTLINE if person else rng.choice((SourceClass.SENSOR, SourceClass.CAMERA)),
            "received_at": START + timedelta(seconds=at_s),
            "area_id": "tt-east-1",
            "area_path": town.PATH,
            "place": f"东一路{spot}号",
        }
        located = rng.random() > (0.3 if person else 0.05)
        return draft(f"event {number}", at_s - late_s, east_m if located else None, **changes)

    def _contested(self, at_s: float) -> Iterator[tuple[float, EventDraft]]:
        self._scenes += 1
        for nth, (after_s, east_m) in enumerate(CONTESTED):
            name = f"scene {self._scenes}-{nth}"
            changes: dict[str, Any] = {"uid": event_uid("recorded", name), "kind": CONTESTED_KIND, "severity": 1}
            changes |= {"area_id": "tt-east-1", "area_path": town.PATH}
            yield at_s + after_s, draft(name, at_s + after_s, 20_000.0 + 500 * self._scenes + east_m, **changes)

    def _again(self, at_s: float) -> tuple[str, EventDraft]:
        """The same once more, or corrected: it lay elsewhere, or was graver."""
        # Mild ones of late make clusters that lose too much.
        mild = [told for told in self._told[-40:] if told[1].kind in MILD]
        stream, said = self._rng.choice(mild if mild and self._rng.random() < 0.5 else self._told)
        again = replace(said, received_at=START + timedelta(seconds=at_s))
        if self._rng.random() < 0.4:
            return stream, again
        east_m = 900.0 * self._rng.randrange(SPOTS) + self._rng.gauss(0, 60)
        moved = replace(again, severity=self._rng.randint(1, 5), revision=said.revision + 1, **place(east_m))
        return stream, replace(moved, content_hash=content_hash([moved.severity, east_m]))
