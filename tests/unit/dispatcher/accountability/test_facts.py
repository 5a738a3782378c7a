"""What is frozen hashes to the same bytes for ever; a file follows from a breach only as ruling A5 says."""

import csv
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry
from dispatcher.accountability import facts
from dispatcher.accountability.procedures import TABLES, Subject
from dispatcher.accountability.words import BreachJudgement, FileState, Ground, PetitionState
from dispatcher.tickets.breaches import BreachType
from dispatcher.tickets.model import ClockName
from registry.calendar import WorkCalendar, known_days

AT = datetime(2026, 3, 11, 2, tzinfo=UTC)
CALENDAR = WorkCalendar({day: worked for day, (worked, _) in known_days().items()})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# Measured by windows, which never run: nobody can be late in them.
_WINDOWS = {
    ClockName.RETURN_WINDOW,
    ClockName.REOPEN_WINDOW,
    ClockName.OBJECT_WINDOW,
    ClockName.PUBLICITY,
    ClockName.LOOK_BACK,
}


def rows(name: str) -> list[dict[str, str]]:
    with (Path(next(iter(registry.__path__))) / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_canonical_form_is_read_back_and_written_the_same(content: dict[str, object]) -> None:
    said = facts.canonical(content)
    assert json.loads(said) == content
    assert facts.canonical(json.loads(said)) == said
    assert facts.canonical(dict(reversed(content.items()))) == said


def test_times_of_one_moment_are_one_text() -> None:
    local = AT.astimezone(timezone(timedelta(hours=8)))
    assert facts.canonical({"at": local}) == facts.canonical({"at": AT})
    with pytest.raises(TypeError):
        facts.canonical({"at": object()})


@pytest.mark.parametrize(
    ("ground", "unit", "explanation", "judgement"),
    [
        (None, "u", {}, BreachJudgement.INTERNAL_LIMIT),
        (Ground.PUBLISHED_LIMIT, "u", {}, BreachJudgement.FILE_OPENED),
        (Ground.STATUTORY_LIMIT, None, {}, BreachJudgement.NO_UNIT),
        (Ground.PUBLISHED_LIMIT, "u", {"halved": True}, BreachJudgement.INTERNAL_LIMIT),
        (Ground.PUBLISHED_LIMIT, "u", {"halved": False}, BreachJudgement.FILE_OPENED),
        (Ground.PUBLISHED_LIMIT, "u", {"external_due_at": "x"}, BreachJudgement.INTERNAL_LIMIT),
        (Ground.NO_BASIS, "u", {"halved": True}, BreachJudgement.FILE_OPENED),
        (Ground.FALSE_CLOSURE, "u", {}, BreachJudgement.FILE_OPENED),
    ],
)
def test_file_opens_for_limits_that_are_known_outside_and_for_facts(
    ground: Ground | None, unit: str | None, explanation: dict[str, object], judgement: BreachJudgement
) -> None:
    found, why = facts.judge(ground, unit, explanation)
    assert found is judgement
    assert (why is not None) == (judgement is BreachJudgement.FILE_OPENED)


def test_share_by_which_it_was_late_counts_its_own_time() -> None:
    due, late = AT + timedelta(hours=2), AT + timedelta(hours=5)
    assert facts.over_pct(AT, due, late, None) == 150
    # 10:00 to 12:00 are two working hours; of the three hours after them one is lunch.
    assert facts.over_pct(AT, due, late, CALENDAR) == 100
    assert facts.over_pct(AT, due, None, None) is None
    assert facts.over_pct(None, due, late, None) is None


def test_every_clock_that_can_be_missed_has_its_row_and_every_type_occurs() -> None:
    data = rows("breach_grounds")
    assert {clock.value for clock in ClockName if clock not in _WINDOWS} <= {row["clock"] for row in data}
    assert {row["type"] for row in data} == set(BreachType)
    assert {row["ground"] for row in data} - {""} == set(Ground) - {Ground.SUPERVISOR_DECISION}
    assert len({(row["clock"], row["condition"]) for row in data}) == len(data)
    assert all(row["source"] for row in data)


def test_published_days_are_those_of_the_limits_themselves() -> None:
    published = {
        (row["clock"], row["condition"]) for row in rows("breach_grounds") if row["ground"] == "published_limit"
    }
    limits = {(row["clock"], row["condition"]): row for row in rows("limits") if not row["kind"]}
    assert published <= set(limits)
    assert all("Sichuan" in limits[each]["source"] for each in published)


@pytest.mark.parametrize(("subject", "states"), [(Subject.FILE, FileState), (Subject.PETITION, PetitionState)])
def test_every_state_has_a_way_in_and_every_state_that_is_no_end_a_way_out(
    subject: Subject, states: type[FileState]
) -> None:
    table = TABLES[subject]
    ends = {"excused", "result_recorded", "handled", "withdrawn"}
    first = next(iter(states))
    assert {hop.to_state for hop in table if hop.to_state} | {first} == set(states)
    for state in states:
        leaving = [hop for hop in table if state in hop.from_states and hop.to_state not in ("", state)]
        assert bool(leaving) == (state not in ends), state
