"""Whatever the batches and restarts: matches equal the oracle, and so does what is one case."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.incidents import stage as incidents
from dispatcher.patterns import stage as patterns
from events.model import EventDraft, event_uid
from registry.event_kinds import Taxonomy, read_taxonomy
from runtime.pool import Connection, Pool
from tests.harness.log import draft
from tests.integration.dispatcher.engine.batches import STEPS, Tick, take_all, write
from tests.integration.dispatcher.engine.conftest import Leader
from tests.integration.dispatcher.patterns.seen import clear
from tests.unit.dispatcher.patterns import oracle
from tests.unit.dispatcher.patterns.oracle import Event, Pattern, Witness

pytestmark = pytest.mark.usefixtures("simulated")

STAGES: Final = (("recall", patterns.recall), ("incidents", incidents.advance), ("patterns", patterns.advance))

# Two shipped patterns that share a kind group, and a third that judges an absence; `unclassified` fills no step.
STEPS_OF: Final = {
    "power_outage_area": (Pattern(5000, 1_800_000, 2, frozenset({0})), ("power_outage_building", "streetlight_out")),
    "water_main_burst": (Pattern(4000, 3_600_000, 2, frozenset({0})), ("water_main_burst", "water_outage")),
    "unanswered_sos": (
        Pattern(1000, 600_000, 2, frozenset({0}), absent=1, order=((0, 1),)),
        ("elderly_sos", "medical_emergency"),
    ),
}
KINDS: Final = [kind for _, kinds in STEPS_OF.values() for kind in kinds] + ["unclassified"]
CALLS: Final = {"medical_emergency"}


@dataclass(frozen=True)
class Said:
    name: int
    after_s: int
    east_m: int | None
    kind: str

    def draft(self) -> EventDraft:
        return draft(
            f"event {self.name}",
            self.after_s,
            self.east_m,
            uid=event_uid("test", self.name),
            subject=f"subject {self.name}",
            kind=self.kind,
            source_class="hotline" if self.kind in CALLS else "sensor",
        )


LOGS: Final = st.lists(
    st.one_of(
        *[
            st.builds(
                Said,
                name=st.integers(0, 30),
                after_s=st.integers(0, 12).map(lambda n: n * 300),
                east_m=st.one_of(st.integers(0, 8).map(lambda n: n * 125), st.none()),
                kind=st.sampled_from(KINDS),
            )
        ]
        * 4,
        st.builds(Tick, st.integers(0, 12).map(lambda n: n * 300)),
    ),
    min_size=1,
    max_size=24,
).map(lambda said: list({each.name if isinstance(each, Said) else (n,): each for n, each in enumerate(said)}.values()))


class Expected:
    """One oracle a pattern beside the log, each with the watermark of all the groups of its kinds."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.watermarks: dict[str, int] = {}
        self.oracles = {name: oracle.Sequential([pattern]) for name, (pattern, _) in STEPS_OF.items()}
        self.kinds = {
            # The shipped patterns have more kinds than this test says; their groups count all the same.
            "power_outage_area": (
                "power_outage_building",
                "streetlight_out",
                "elevator_entrapment",
                "traffic_signal_fault",
            ),
            "water_main_burst": ("water_main_burst", "water_outage"),
            "unanswered_sos": ("elderly_sos",),
        }

    def say(self, event: EventDraft) -> None:
        at_ms = round(event.effective_at.timestamp() * 1000)
        if at_ms < self.watermarks.get(self.taxonomy.group_of(event.kind).id, at_ms):
            return
        for name, (_, kinds) in STEPS_OF.items():
            steps = frozenset({kinds.index(event.kind)} if event.kind in kinds else ())
            self.oracles[name].deliver(
                Event(int.from_bytes(event.uid, "big"), at_ms, event.x_dm, event.y_dm, 0, (steps,))
            )
            self.oracles[name].current()  # who belongs together is noted as it is found

    def tick(self, at_ms: int) -> None:
        for group in self.taxonomy.groups.values():
            self.watermarks[group.id] = at_ms - group.lateness_s * 1000
        for name, kinds in self.kinds.items():
            watermark = min(self.watermarks[self.taxonomy.group_of(kind).id] for kind in kinds)
            self.oracles[name].advance(watermark)

    def matches(self) -> dict[tuple[str, int], list[Witness]]:
        return {
            (name, uid): [witness._replace(distance2=_rounded(witness)) for witness in match]
            for name, of in self.oracles.items()
            for (_, uid), match in of.current().items()
        }

    def linked(self) -> set[frozenset[int]]:
        """By the active patterns."""
        return {pair for name, of in self.oracles.items() if name != "unanswered_sos" for pair in of.linked}


def _rounded(witness: Witness) -> int | None:
    return None if witness.distance2 is None else round(witness.distance2**0.5)


async def found(owner: Connection) -> dict[tuple[str, int], list[Witness]]:
    rows = await owner.fetch("SELECT * FROM pattern_matches WHERE withdrawn_at IS NULL")
    steps = {
        (row["pattern_id"], row["step"]): row["position"]
        for row in await owner.fetch(
            "SELECT pattern_id, step, row_number() OVER (PARTITION BY pattern_id ORDER BY position) - 1 AS position"
            " FROM pattern_steps"
        )
    }
    return {
        (row["pattern_id"], int.from_bytes(row["anchor_uid"], "big")): [
            Witness(
                steps[row["pattern_id"], each["step"]],
                int(each["uid"], 16),
                None if each["d_m"] is None else round(each["d_m"] * 10),
                round(each["dt_s"] * 1000),
            )
            for each in row["witnesses"]
        ]
        for row in rows
    }


def closed_over(groups: Sequence[frozenset[int]]) -> set[frozenset[int]]:
    whole = oracle.Sequential([])
    whole.linked = set(groups)
    return whole.together()


async def assert_equal(owner: Connection, expected: Expected) -> None:
    assert await found(owner) == expected.matches()
    members: dict[str, dict[int, set[int]]] = {"incident": defaultdict(set), "case": defaultdict(set)}
    for row in await owner.fetch(
        "SELECT event_uid, incident_id, case_id FROM incident_events ie JOIN incidents i ON i.id = ie.incident_id"
    ):
        uid = int.from_bytes(row["event_uid"], "big")
        members["incident"][row["incident_id"]].add(uid)
        members["case"][row["case_id"]].add(uid)
    of_incidents = [frozenset(part) for part in members["incident"].values()]
    assert {frozenset(part) for part in members["case"].values() if len(part) > 1} == closed_over(
        [*of_incidents, *expected.linked()]
    )


@settings(max_examples=25)  # each takes the log through a database twice
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
