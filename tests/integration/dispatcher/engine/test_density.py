"""Groups of m > 1 through the leader: clusters, borders and noise equal the oracle for all batches and restarts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.incidents import stage
from dispatcher.incidents.grades.audit import audit
from events import log
from events.model import EventDraft, EventSource, SourceClass, content_hash, event_uid
from registry.event_kinds import read_taxonomy
from runtime.pool import Connection, Pool
from tests.harness.log import draft
from tests.integration.dispatcher.engine.batches import STEPS, Tick, take_all, write
from tests.integration.dispatcher.engine.conftest import Leader
from tests.unit.dispatcher.correlation import oracle

pytestmark = pytest.mark.usefixtures("simulated")

# Of one group here. The first is mild; the second opens a ticket at once, so that one event of it is an incident.
MILD: Final = "street_vendor_occupation"
GRAVE: Final = "outdoor_fire"
KINDS: Final = (MILD, GRAVE)
GROUP: Final = "waste"
STAGES: Final = (("incidents", stage.advance),)
RULES: Final = """
UPDATE rule_versions SET content = jsonb_set(jsonb_set(content, '{groups,waste}', content #> '{groups,waste}' || $1),
    '{kinds,outdoor_fire,group}', '"waste"') WHERE rule_set = 'default'"""
SHOWN: Final = """
SELECT canonical_uid, status::text, kind, grade, event_count, first_at, last_at, tile, explanation,
       (SELECT array_agg((event_uid, standing, core)::text ORDER BY event_uid) FROM incident_events e
        WHERE e.incident_id = i.id) AS members,
       (SELECT links FROM final_explanations f WHERE f.incident_id = i.id) AS links
FROM incidents i WHERE status IN ('open', 'final') ORDER BY canonical_at, canonical_uid"""


@dataclass(frozen=True)
class Said:
    name: int
    after_s: int
    east_m: int | None
    subject: int
    grave: bool = False
    revision: int = 0

    def draft(self) -> EventDraft:
        return draft(
            f"event {self.name}",
            self.after_s,
            self.east_m,
            uid=event_uid("test", self.name),
            content_hash=content_hash([self.after_s, self.east_m, self.subject, self.grave]),
            revision=self.revision,
            subject=f"subject {self.subject}",
            kind=KINDS[self.grave],
        )


@dataclass(frozen=True)
class Rules:
    m: int
    g_s: int = 0
    r_m: int = 50
    t_s: int = 600
    lateness_s: int = 600

    def as_json(self) -> dict[str, int]:
        return {"m": self.m, "g_s": self.g_s, "r_m": self.r_m, "t_s": self.t_s, "lateness_s": self.lateness_s}


# Crowded enough that what is near a core is often contested.
LOGS: Final = st.lists(
    st.one_of(
        *[
            st.builds(
                Said,
                name=st.integers(0, 30),
                after_s=st.integers(0, 12).map(lambda n: n * 200),
                east_m=st.one_of(*[st.integers(0, 9).map(lambda n: n * 20)] * 9, st.none()),
                subject=st.integers(0, 12),
                grave=st.sampled_from([False] * 11 + [True]),
                revision=st.sampled_from([0, 0, 0, 0, 1]),
            )
        ]
        * 6,
        st.builds(Tick, st.integers(0, 4).map(lambda n: n * 200)),
    ),
    min_size=8,
    max_size=40,
)
RULE_SETS: Final = st.builds(Rules, m=st.sampled_from([1, 2, 3, 5]), g_s=st.sampled_from([0, 0, 300]))


class Expected:
    """The oracle beside the log: it applies every record in the order in which the log was written."""

    def __init__(self, rules: Rules) -> None:
        self.lateness_ms = rules.lateness_s * 1000
        group = oracle.Group(rules.r_m * 10, rules.t_s * 1000, rules.g_s * 1000, remember_ms=1 << 60, m=rules.m)
        self.oracle = oracle.Sequential([group])
        self.finals: set[frozenset[int]] = set()
        self.noise: set[int] = set()  # final
        self.late: set[frozenset[int]] = set()
        self.grave: set[int] = set()

    def say(self, event: EventDraft) -> None:
        delivery = oracle.Delivery(
            uid=int.from_bytes(event.uid, "big"),
            t=round(event.effective_at.timestamp() * 1000),
            x=event.x_dm or 0,
            y=event.y_dm or 0,
            located=event.x_dm is not None,
            subject=int(event.subject.split()[1]),
            kind=KINDS.index(event.kind),
            revision=event.revision,
            content=int.from_bytes(event.content_hash, "big"),
        )
        known = {known.uid for known in self.oracle.live()}
        if self.oracle.deliver(delivery) == "late" and delivery.uid not in known and event.kind == GRAVE:
            self.late.add(frozenset([delivery.uid]))
            self.oracle.closed[delivery.uid] = delivery

    def is_noise(self, cores: int, uids: Sequence[int]) -> bool:
        live = {e.uid: e for e in [*self.oracle.live(), *self.oracle.final]}
        return cores == 0 and not any(live[uid].kind for uid in uids)

    def tick(self, at_ms: int) -> None:
        if at_ms - self.lateness_ms <= self.oracle.watermarks[0]:
            return
        for final in self.oracle.advance(0, at_ms - self.lateness_ms):
            if self.is_noise(final.cores, final.uids):
                self.noise |= set(final.uids)
            else:
                self.finals.add(frozenset(final.uids))

    @property
    def open(self) -> tuple[set[frozenset[int]], set[int]]:
        """What is open, and which live events are noise."""
        parts, noise = set(), set()
        for component in oracle.components(self.oracle.live(), self.oracle.groups, self.oracle.final):
            uids = oracle.uids_of(component)
            if self.is_noise(len(component.cores), uids):
                noise |= set(uids)
            else:
                parts.add(frozenset(uids))
        return parts, noise


async def assert_equal(owner: Connection, expected: Expected) -> None:
    members: dict[int | None, set[int]] = defaultdict(set)
    noise: set[int] = set()
    for row in await owner.fetch("SELECT incident_id, event_uid, standing FROM incident_events"):
        uid = int.from_bytes(row["event_uid"], "big")
        members[row["incident_id"]].add(uid)
        if row["standing"] == "noise":
            noise.add(uid)
    found: dict[tuple[str, bool], set[frozenset[int]]] = defaultdict(set)
    for row in await owner.fetch("SELECT id, status::text, late, event_count FROM incidents"):
        if row["status"] == "merged":
            assert row["id"] not in members
            continue
        if row["status"] == "dissolved":
            assert members[row["id"]] <= noise
            continue
        assert row["event_count"] == len(members[row["id"]])
        found[row["status"], row["late"]].add(frozenset(members[row["id"]]))
    parts, live_noise = expected.open
    assert found["final", False] == expected.finals
    assert found["open", False] == parts
    assert noise == live_noise | expected.noise
    assert found["final", True] == expected.late
    assert found["open", True] == set()
    counted = await owner.fetchrow("SELECT * FROM correlation_counts")
    if counted is not None:
        assert counted["noise"] == len(noise)
        fates = set(counted.keys()) - {"rule_set", "received"}
        assert counted["received"] == sum(counted[fate] for fate in fates)


async def clear(owner: Connection, rules: Rules) -> None:
    await owner.execute(
        "TRUNCATE incident_events, incidents, cases, incident_overlays, flapping_series, correlation_counts,"
        " final_neighbours, stream_log, cursors, watermarks, number_heads, events RESTART IDENTITY CASCADE;"
        " UPDATE log_heads SET seq = 0"
    )
    await owner.execute(RULES, rules.as_json())


async def run(
    pool: Pool,
    owner: Connection,
    leader: Leader,
    rules: Rules,
    records: Sequence[Said | Tick],
    steps: Sequence[tuple[int, bool]],
) -> list[dict[str, Any]]:
    """What is shown at the end of a log of which the leader takes all there is, twice."""
    await clear(owner, rules)
    expected = Expected(rules)
    await write(pool, records, expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    await write(pool, [Tick(10_000_000)], expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    assert expected.oracle.live() == []
    assert [found async for found in audit(owner) if found] == []
    return [dict(row) for row in await owner.fetch(SHOWN)]


@settings(max_examples=30)
@given(RULE_SETS, LOGS, STEPS)
async def test_any_batching_and_any_restarts_give_what_the_oracle_gives(
    pool: Pool,
    owner: Connection,
    leader: Leader,
    rules: Rules,
    records: list[Said | Tick],
    steps: list[tuple[int, bool]],
) -> None:
    cut = await run(pool, owner, leader, rules, records, steps)
    whole = await run(pool, owner, leader, rules, records, [(400, False)])
    assert cut == whole


def places(first: int, *at: tuple[int, int]) -> list[Said | Tick]:
    """Events of different devices at (100 s, 10 m), as in the corpus of the kernels."""
    return [Said(first + n, t * 100, x * 10, first + n) for n, (t, x) in enumerate(at)]


C: Final = places(0, (0, 0), (0, 0), (1, 0), (1, 0), (1, 0), (2, 0))
BORDER: Final = places(10, (8, 5))
D: Final = places(20, (8, 10), (8, 14), (9, 14), (9, 14), (10, 14), (10, 14))
BRIDGE: Final = places(30, (12, 5), (13, 5), (14, 5))
# What a closing one window after the last event would miss; the border stands at D before it bridges.
CONTESTED: Final = [*C, *BORDER, *D, Tick(1200), *BRIDGE]
LEFT: Final = places(0, (0, -8), (0, -6), (0, -4), (0, 0))
BETWEEN: Final = places(4, (0, 10))
RIGHT: Final = places(10, (0, 19), (0, 24), (0, 26), (0, 28))
MIDDLE: Final = Said(2, 0, 170, 2)
HAND_MADE: Final[dict[str, tuple[Rules, list[Said | Tick]]]] = {
    "contested border that turns core": (Rules(6, lateness_s=0), CONTESTED),
    "border that moves to a nearer core": (Rules(4, r_m=100, t_s=500), [*LEFT, *BETWEEN, *RIGHT]),
    "border that its first cluster gets last": (Rules(4, r_m=100, t_s=500), [*RIGHT, *BETWEEN, *LEFT]),
    "equally near cores": (
        Rules(4, r_m=100, t_s=500),
        [
            *places(10, (2, 0), (2, -5), (2, -5), (2, -5)),
            *places(0, (2, 20), (2, 25), (2, 25), (2, 25)),
            Said(30, 200, 100, 30),
        ],
    ),
    "bridge of two clusters": (
        Rules(3),
        [*places(0, (0, 0), (0, 0), (0, 0)), *places(5, (0, 8), (0, 8), (0, 8)), *places(9, (0, 4))],
    ),
    "noise that turns core without a merge": (Rules(2), [*places(0, (0, 0)), *places(5, (0, 4))]),
    # Of the first cluster, all final at the tick, the last is a border that makes the next event a core of the second
    # cluster, and without that core the event behind it would be noise.
    "final neighbours that count": (
        Rules(4, r_m=100, t_s=500, lateness_s=0),
        [
            *places(0, (0, 1), (0, -4), (0, -4), (0, -4), (0, 10)),
            *places(10, (5, 20), (10, 15), (9, 29), (13, 29), (13, 29)),
            Tick(1200),
            *places(20, (13, 29)),
        ],
    ),
    "correction that takes a cluster apart, and another that makes it again": (
        Rules(3, r_m=100, t_s=500),
        [*places(0, (0, 0), (0, 9)), MIDDLE, Said(2, 0, 5000, 2, revision=1), Said(2, 0, 170, 2, revision=2)],
    ),
    "occurrence that begins earlier and leaves its cluster": (
        Rules(3, g_s=900, r_m=100, t_s=300),
        [*places(0, (9, 0), (9, 9)), Said(2, 900, 170, 2), Said(3, 300, 170, 2)],
    ),
    "grave event alone, mild ones beside it": (Rules(5), [Said(0, 0, 0, 0, grave=True), Said(1, 0, 10, 1)]),
    "no place": (Rules(2), [Said(0, 0, None, 0), Said(1, 0, None, 1), Said(2, 0, None, 2, grave=True)]),
}


@pytest.mark.parametrize("case", HAND_MADE)
async def test_a_case_made_by_hand_gives_what_the_oracle_gives(
    pool: Pool, owner: Connection, leader: Leader, case: str
) -> None:
    rules, records = HAND_MADE[case]
    found = [
        await run(pool, owner, leader, rules, records, steps)
        for steps in ([(1, False)], [(1, True)], [(2, False), (3, True)], [(400, False)])
    ]
    assert all(each == found[0] for each in found)


async def test_a_report_of_a_person_is_an_incident_whatever_is_near(
    pool: Pool, owner: Connection, leader: Leader
) -> None:
    await clear(owner, Rules(5))
    call = draft("call", 0, 0, kind=MILD, source=EventSource.HOTLINE, source_class=SourceClass.HOTLINE)
    async with pool.acquire() as conn, conn.transaction():
        await log.append(conn, "hotline", [call])
        await log.append(conn, "gateway-0", [draft("beside", 0, 10, kind=MILD)])
    await take_all(leader, STAGES, [(9, False)])
    rows = await owner.fetch("SELECT incident_id, standing FROM incident_events ORDER BY standing")
    assert [(row["incident_id"] is None, row["standing"]) for row in rows] == [(False, "clustered"), (True, "noise")]
    assert (await read_taxonomy(owner, "default")).kind(MILD).id == MILD
