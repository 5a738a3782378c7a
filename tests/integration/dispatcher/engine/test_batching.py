"""Whatever the batches and restarts, incidents equal the oracle: in finals, in what is open, in what came late."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.incidents import stage
from events.model import EventDraft, content_hash, event_uid
from registry.event_kinds import KindMode, Taxonomy, read_taxonomy
from runtime.pool import Connection, Pool
from tests.harness.log import draft
from tests.integration.dispatcher.engine.batches import STEPS, Tick, take_all, write
from tests.integration.dispatcher.engine.conftest import Leader
from tests.unit.dispatcher.correlation import oracle

pytestmark = pytest.mark.usefixtures("simulated")

# One kind opens tickets by itself, so that its late events count; the other's stand in the log alone; the last is
# never clustered.
KINDS: Final = ("outdoor_fire", "street_vendor_occupation", "unclassified")
STAGES: Final = (("incidents", stage.advance),)


@dataclass(frozen=True)
class Said:
    name: int
    after_s: int
    east_m: int | None
    subject: int
    kind: str
    revision: int

    @property
    def stream(self) -> str:
        return f"gateway-{self.name % 2}"

    def draft(self) -> EventDraft:
        return draft(
            f"event {self.name}",
            self.after_s,
            self.east_m,
            uid=event_uid("test", self.name),
            content_hash=content_hash([self.after_s, self.east_m, self.subject, self.kind]),
            revision=self.revision,
            subject=f"subject {self.subject}",
            kind=self.kind,
        )


LOGS: Final = st.lists(
    st.one_of(
        *[
            st.builds(
                Said,
                name=st.integers(0, 14),
                after_s=st.integers(0, 12).map(lambda n: n * 300),
                east_m=st.one_of(st.integers(0, 8).map(lambda n: n * 75), st.none()),
                subject=st.integers(0, 3),
                kind=st.sampled_from(KINDS),
                revision=st.integers(0, 2),
            )
        ]
        * 3,
        st.builds(Tick, st.integers(0, 12).map(lambda n: n * 300)),
    ),
    min_size=1,
    max_size=24,
)


class Expected:
    """The oracle beside the log: it applies every record in the order in which the log was written."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.groups = list(taxonomy.groups.values())
        self.oracle = oracle.Sequential(
            [oracle.Group(g.r_m * 10, g.t_s * 1000, g.g_s * 1000, remember_ms=1 << 60) for g in self.groups]
        )
        self.finals: set[frozenset[int]] = set()
        self.late: set[frozenset[int]] = set()

    def say(self, event: EventDraft) -> None:
        group = self.taxonomy.group_of(event.kind)
        delivery = oracle.Delivery(
            uid=int.from_bytes(event.uid, "big"),
            t=round(event.effective_at.timestamp() * 1000),
            x=event.x_dm or 0,
            y=event.y_dm or 0,
            located=event.x_dm is not None and group.clustered,
            group=self.groups.index(group),
            subject=int(event.subject.split()[1]),
            kind=KINDS.index(event.kind),
            revision=event.revision,
            content=int.from_bytes(event.content_hash, "big"),
        )
        live = {known.uid for known in self.oracle.live()}
        if self.oracle.deliver(delivery) != "late" or delivery.uid in live:
            return
        if self.taxonomy.mode_of(event.kind) is KindMode.AUTO_TICKET:
            self.late.add(frozenset([delivery.uid]))
            self.oracle.closed[delivery.uid] = delivery

    def tick(self, at_ms: int) -> None:
        for index, group in enumerate(self.groups):
            watermark = at_ms - group.lateness_s * 1000
            if watermark > self.oracle.watermarks[index]:
                self.finals |= {frozenset(final.uids) for final in self.oracle.advance(index, watermark)}


async def assert_equal(owner: Connection, expected: Expected) -> None:
    members: dict[int, set[int]] = defaultdict(set)
    for row in await owner.fetch("SELECT incident_id, event_uid FROM incident_events"):
        members[row["incident_id"]].add(int.from_bytes(row["event_uid"], "big"))
    found: dict[tuple[str, bool], set[frozenset[int]]] = defaultdict(set)
    for row in await owner.fetch("SELECT id, status::text, late, event_count FROM incidents"):
        if row["status"] == "merged":
            assert row["id"] not in members
            continue
        assert row["event_count"] == len(members[row["id"]])
        found[row["status"], row["late"]].add(frozenset(members[row["id"]]))
    assert found["final", False] == expected.finals
    assert found["open", False] == expected.oracle.partition()
    assert found["final", True] == expected.late
    assert found["open", True] == set()


async def clear(owner: Connection) -> None:
    await owner.execute(
        "TRUNCATE incident_events, incidents, cases, incident_overlays, flapping_series, correlation_counts,"
        " stream_log, cursors, watermarks, number_heads, events RESTART IDENTITY CASCADE; UPDATE log_heads SET seq = 0"
    )


@given(LOGS, STEPS)
async def test_any_batching_and_any_restarts_give_what_the_oracle_gives(
    pool: Pool, owner: Connection, leader: Leader, records: list[Said | Tick], steps: list[tuple[int, bool]]
) -> None:
    await clear(owner)
    expected = Expected(await read_taxonomy(owner, "default"))
    await write(pool, records, expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    await write(pool, [Tick(10_000_000)], expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    assert expected.oracle.partition() == set()
