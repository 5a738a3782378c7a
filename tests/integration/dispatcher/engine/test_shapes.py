"""Officers' overlays, tiles, flapping, and what follows what: whatever the batches and restarts, as the oracle says."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.correlation.flapping import Limits, Report
from dispatcher.incidents.overlays import Act, OverlayDraft, append
from dispatcher.rules.rulebook import read_rulebook
from events import log
from events.model import EventDraft, event_uid
from events.ticks import append_tick
from registry.event_kinds import Taxonomy
from runtime.pool import Connection, Pool
from tests.harness.log import START, draft
from tests.integration.dispatcher.engine.batches import STEPS, Tick, take_all
from tests.integration.dispatcher.engine.conftest import Leader
from tests.integration.dispatcher.engine.test_batching import KINDS, STAGES, Expected, Said, clear
from tests.unit.dispatcher.correlation import oracle
from tests.unit.dispatcher.correlation.flapping_oracle import flapping_states

pytestmark = pytest.mark.usefixtures("simulated")

TILE_S: Final = 1500
NAMES: Final = range(12)


@dataclass(frozen=True)
class Decided:
    """An officer names these events: known, settled, or not yet there."""

    act: Act
    names: frozenset[int]

    @property
    def uids(self) -> list[bytes]:
        return [event_uid("test", name) for name in sorted(self.names)]


RETURNS: Final = range(20, 24)


@dataclass(frozen=True)
class Reported(Said):
    """A device's event: raised, or returned to normal."""

    def draft(self) -> EventDraft:
        return replace(super().draft(), raised=self.name not in RETURNS)


Record = Reported | Tick | Decided


def logs(names: Sequence[int], kinds: Sequence[str], subjects: int, metres: int) -> st.SearchStrategy[list[Record]]:
    reported = st.builds(
        Reported,
        name=st.sampled_from(names),
        after_s=st.integers(0, 12).map(lambda n: n * 300),
        east_m=st.one_of(st.integers(0, 8).map(lambda n: n * metres), st.none()),
        subject=st.integers(0, subjects - 1),
        kind=st.sampled_from(kinds),
        revision=st.integers(0, 2),
    )
    decided = st.builds(Decided, st.sampled_from(Act), st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=5))
    ticks = st.builds(Tick, st.integers(0, 12).map(lambda n: n * 300))
    return st.lists(st.one_of(*[reported] * 4, ticks, *[decided] * 2), min_size=1, max_size=26)


# Most of it near each other and of one kind, so that officers decide on clusters and not on single events.
LOGS: Final = logs([*NAMES, *RETURNS], [*KINDS, *KINDS[:1] * 4], 4, 30)
# Few subjects of a kind that is watched, near each other, and as many returns: most of them flap.
FLAPPING_LOGS: Final = logs([*range(8), *RETURNS, *RETURNS], ["street_vendor_occupation"] * 5 + [KINDS[0]], 2, 25)


class ExpectedShapes(Expected):
    """O6 and the overlays in plain Python: after every record the incidents are found anew from all that is known."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        super().__init__(taxonomy)
        self.overlays = 0
        self.splits: dict[int, int] = {}
        self.joins: dict[int, set[int]] = {}
        self.open: list[set[int]] = []
        self.series: dict[tuple[str, str], list[Report]] = defaultdict(list)
        self.folded: set[Report] = set()  # the watermark passed them
        self.versions: dict[int, tuple[int, int]] = {}
        self.suppressed: dict[int, tuple[str, str]] = {}
        self.settled: dict[int, int] = {}  # final events of open incidents -> the event with which each stays

    def say(self, event: EventDraft) -> None:
        uid, t = int.from_bytes(event.uid, "big"), round(event.effective_at.timestamp() * 1000)
        watched = self.taxonomy.group_of(event.kind).flap_window_s > 0 and event.kind != "outdoor_fire"
        version = (event.revision, int.from_bytes(event.content_hash, "big"))
        live = {known.uid: known for known in self.oracle.live()}
        if uid in self.oracle.closed or uid in self.settled:
            return
        if event.raised:
            if uid in self.suppressed and live[uid].t < self.watermark(live[uid].group):
                return  # what a device that flapped said of a time that is over stands
            before = self.oracle.watermarks[:]
            super().say(event)
            now = {known.uid: known for known in self.oracle.live()}
            accepted = uid in now and (uid not in live or live[uid].version != now[uid].version)
            assert before == self.oracle.watermarks
        else:
            accepted = uid not in self.versions or version > self.versions[uid]
        if accepted and t >= self.watermark(self.groups.index(self.taxonomy.group_of(event.kind))):
            for reports in self.series.values():
                reports[:] = [r for r in reports if r.uid != event.uid or r in self.folded]
            self.suppressed.pop(uid, None)
            self.versions[uid] = version
            if watched:
                self.series[event.subject, event.kind].append(Report(t, event.uid, event.raised))
        self.judge()
        self.weave()

    def watermark(self, group: int) -> int:
        return self.oracle.watermarks[group]

    def judge(self) -> None:
        """Which live events are suppressed, from all reports that were ever taken."""
        for (subject, kind), reports in self.series.items():
            group = self.taxonomy.group_of(kind)
            limits = Limits(group.flap_window_s * 1000, group.flap_on, group.flap_off)
            for report, state in flapping_states(reports, limits):
                uid = int.from_bytes(report.uid, "big")
                if report in self.folded or not report.raised:
                    continue
                if state:
                    self.suppressed[uid] = (subject, kind)
                else:
                    self.suppressed.pop(uid, None)

    def clustered(self) -> list[oracle.Delivery]:
        return [event for event in self.oracle.live() if event.uid not in self.suppressed]

    def decide(self, decided: Decided) -> None:
        self.overlays += 1
        uids = {int.from_bytes(uid, "big") for uid in decided.uids} - self.oracle.closed.keys() - self.settled.keys()
        if decided.act is Act.SPLIT:
            self.splits |= dict.fromkeys(uids, self.overlays)
        else:
            self.joins[self.overlays] = uids
        self.weave()

    def parts(self) -> dict[int, tuple[Any, ...]]:
        """The part of each live event: its device's flapping, its split, or its component and tile."""
        found: dict[int, tuple[Any, ...]] = {uid: ("flap", *of) for uid, of in self.suppressed.items()}
        for number, component in enumerate(oracle.components(self.clustered(), self.oracle.groups)):
            for event in (e for occurrence in component.occurrences for e in occurrence):
                tile_s = self.groups[event.group].tile_s
                tile = (event.t + 4 * 3_600_000) // (tile_s * 1000) if tile_s else 0
                split = self.splits.get(event.uid)
                found[event.uid] = ("tile", number, tile) if split is None else ("split", split, 0)
        return found

    def weave(self) -> None:
        parts = self.parts()
        groups: list[tuple[set[tuple[Any, ...]], set[int]]] = []
        for part in set(parts.values()):
            groups.append(({part}, {uid for uid, of in parts.items() if of == part}))  # noqa: PERF401 - reads better
        for seq, uids in self.joins.items():
            held = {parts[uid] for uid in uids & parts.keys() - self.suppressed.keys() if self.splits.get(uid, 0) < seq}
            touched = [group for group in groups if group[0] & held]
            if len(touched) > 1:
                groups = [group for group in groups if group not in touched]
                groups.append((set().union(*(g[0] for g in touched)), set().union(*(g[1] for g in touched))))
        self.open = [events | {z for z, u in self.settled.items() if u in events} for _, events in groups]

    def tick(self, at_ms: int) -> None:
        for index, group in enumerate(self.groups):
            watermark = at_ms - group.lateness_s * 1000
            if watermark > self.oracle.watermarks[index]:
                times = {event.uid: event.key for event in self.oracle.live()}
                self.settle(self.advance(index, watermark), times)

    def advance(self, index: int, watermark: int) -> set[int]:
        """The events of a group that are final by its new watermark."""
        self.oracle.watermarks[index] = watermark
        for (_, kind), reports in self.series.items():
            if self.groups.index(self.taxonomy.group_of(kind)) == index:
                self.folded |= {report for report in reports if report.t_ms < watermark}
        own = [event for event in self.clustered() if event.group == index]
        gone = {uid for final in oracle.finals(own, self.oracle.watermarks, self.oracle.groups) for uid in final.uids}
        window = self.oracle.groups[index].window_ms
        gone |= {
            e.uid
            for e in self.oracle.live()
            if e.uid in self.suppressed and e.group == index and e.t + window < watermark
        }
        self.oracle.closed |= {e.uid: e for e in self.oracle.live() if e.uid in gone}
        self.oracle.admitted = [e for e in self.oracle.admitted if e.uid not in gone]
        for uid in gone:
            self.suppressed.pop(uid, None)
        return gone

    def settle(self, gone: set[int], times: dict[int, tuple[int, int]]) -> None:
        still_open = []
        for incident in self.open:
            left = incident - gone - self.settled.keys()
            if not left:
                self.finals.add(frozenset(incident))
                self.settled = {z: u for z, u in self.settled.items() if z not in incident}
                continue
            still_open.append(incident)
            latest = max(left, key=lambda uid: times[uid])
            for uid in incident:
                if uid in gone or self.settled.get(uid) in gone:
                    self.settled[uid] = latest
        self.open = still_open

    def cases(self) -> list[set[int]]:
        """The live events of each component that nobody split off: their incidents share a case."""
        parts = self.parts()
        return [
            {uid for uid, part in parts.items() if part[:2] == ("tile", number)}
            for number in {part[1] for part in parts.values() if part[0] == "tile"}
        ]


async def write(pool: Pool, records: Sequence[Record], expected: ExpectedShapes) -> None:
    at_s = 0
    async with pool.acquire() as conn, conn.transaction():
        for record in records:
            match record:
                case Reported():
                    said = record.draft()
                    await log.append(conn, record.stream, [said])
                    expected.say(said)
                case Decided():
                    overlay = OverlayDraft(record.act, 1, None, tuple(record.uids), 1, "shift_leader", "seen", START)
                    await append(conn, overlay, expected.overlays, ())
                    expected.decide(record)
                case Tick(by_s):
                    at_s += by_s
                    tick = draft("tick", at_s, None)
                    await append_tick(conn, tick.effective_at)
                    expected.tick(round(tick.effective_at.timestamp() * 1000))


async def assert_equal(owner: Connection, expected: ExpectedShapes) -> None:
    incidents = {row["id"]: dict(row) for row in await owner.fetch("SELECT *, status::text AS stands FROM incidents")}
    members: dict[int, set[int]] = {incident_id: set() for incident_id in incidents}
    holder: dict[int, int] = {}
    stood = await owner.fetch("SELECT incident_id, event_uid FROM incident_events WHERE standing <> 'returned'")
    for incident_id, raw in stood:
        uid = int.from_bytes(raw, "big")
        members[incident_id].add(uid)
        holder[uid] = incident_id

    def sets(status: str, *, late: bool = False) -> list[frozenset[int]]:
        chosen = (row for row in incidents.values() if row["stands"] == status and row["late"] == late)
        return sorted((frozenset(members[row["id"]]) for row in chosen), key=sorted)

    assert sets("open") == sorted((frozenset(incident) for incident in expected.open), key=sorted)
    assert sets("final") == sorted(expected.finals, key=sorted)
    assert sets("final", late=True) == sorted(expected.late, key=sorted)
    for incident_id, row in incidents.items():
        assert (row["stands"] == "merged") == (not members[incident_id])
        if row["stands"] == "merged":
            assert incidents[row["merged_into"]]["case_id"] == row["case_id"]
        else:
            assert row["event_count"] == len(members[incident_id])
    for component in expected.cases():
        assert len({incidents[holder[uid]]["case_id"] for uid in component}) == 1
    for row in incidents.values():
        if row["stands"] == "final":
            assert row["follows"] == followed(row, incidents.values(), expected.taxonomy)


async def assert_conserved(owner: Connection, late: int) -> None:
    """Every event of the log is counted once, as what it stands as."""
    counts = dict(await owner.fetchrow("SELECT * FROM correlation_counts") or {})
    if not counts:
        assert await owner.fetchval("SELECT count(*) FROM events WHERE source NOT IN ('tick', 'overlay')") == 0
        return
    del counts["rule_set"]
    assert counts.pop("received") == sum(counts.values())
    assert sum(counts.values()) == await owner.fetchval(
        "SELECT count(*) FROM events WHERE source NOT IN ('tick', 'overlay')"
    )
    stood = {
        row["standing"]: row["n"]
        for row in await owner.fetch(
            "SELECT standing, count(*) AS n FROM incident_events"
            " WHERE standing NOT IN ('returned', 'late') GROUP BY standing"
        )
    }
    assert {name: counts[name] for name in ("clustered", "alone", "suppressed") if counts[name]} == stood
    assert counts["late"] >= late


def followed(incident: dict[str, Any], incidents: Any, taxonomy: Taxonomy) -> int | None:
    """What a final incident comes back to: nothing closed ever takes it in."""
    group = taxonomy.groups[incident["kind_group"]]
    if incident["late"] or not group.follow_s:
        return None
    before = [
        other
        for other in incidents
        if other["stands"] == "final"
        and not other["late"]
        and other["kind_group"] == incident["kind_group"]
        and other["case_id"] != incident["case_id"]
        and other["last_at"] < incident["first_at"]
        and (incident["first_at"] - other["first_at"]).total_seconds() <= group.follow_s
        and (near(other, incident, group.r_m * 10) or _about(other) == _about(incident))
    ]
    newest = max(before, key=lambda o: (o["last_at"], o["canonical_at"], o["canonical_uid"]), default=None)
    return newest and newest["id"]


def near(a: dict[str, Any], b: dict[str, Any], radius_dm: int) -> bool:
    if a["x_dm"] is None or b["x_dm"] is None:
        return False
    return bool((a["x_dm"] - b["x_dm"]) ** 2 + (a["y_dm"] - b["y_dm"]) ** 2 <= radius_dm**2)


def _about(incident: dict[str, Any]) -> tuple[str, str]:
    return incident["subject"], incident["kind"]


@pytest.fixture
async def short_tiles(owner: Connection) -> None:
    """Tiles so short that most clusters are cut."""
    await owner.execute(
        "UPDATE rule_versions SET content = jsonb_set(content, '{groups}', (SELECT jsonb_object_agg(key, value || $1)"
        " FROM jsonb_each(content -> 'groups'))) WHERE rule_set = 'default'",
        {"tile_s": TILE_S, "flap_on": 2, "flap_off": 0},
    )


@pytest.mark.usefixtures("short_tiles")
@given(LOGS, STEPS)
async def test_any_batching_and_any_restarts_give_the_shapes_of_the_oracle(
    pool: Pool, owner: Connection, leader: Leader, records: list[Record], steps: list[tuple[int, bool]]
) -> None:
    await clear(owner)
    expected = ExpectedShapes((await read_rulebook(owner)).taxonomy)
    await write(pool, records, expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    await write(pool, [Tick(10_000_000)], expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    await assert_conserved(owner, len(expected.late))
    assert expected.open == []


@pytest.mark.usefixtures("short_tiles")
@given(FLAPPING_LOGS, STEPS)
async def test_any_batching_and_any_restarts_suppress_what_the_oracle_suppresses(
    pool: Pool, owner: Connection, leader: Leader, records: list[Record], steps: list[tuple[int, bool]]
) -> None:
    await clear(owner)
    expected = ExpectedShapes((await read_rulebook(owner)).taxonomy)
    await write(pool, records, expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    await assert_conserved(owner, len(expected.late))
    stored = await owner.fetch(
        "SELECT event_uid FROM incident_events ie JOIN incidents i ON i.id = ie.incident_id"
        " WHERE standing = 'suppressed' AND i.status = 'open' AND settled_with IS NULL"
    )
    assert {int.from_bytes(row["event_uid"], "big") for row in stored} == expected.suppressed.keys()
    await write(pool, [Tick(10_000_000)], expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    assert await owner.fetchval("SELECT count(*) FROM flapping_series") == 0
