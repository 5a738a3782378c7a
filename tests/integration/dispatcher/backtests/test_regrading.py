"""Regrading arrays of final incidents' events gives what the grader makes of each incident, and writes nothing."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from dispatcher.backtests.history import BEGINNING, END
from dispatcher.backtests.regrading import Regraded, regrade
from dispatcher.incidents.grades.stored import read_incident
from dispatcher.risk.grading import grade
from dispatcher.risk.model import Facts
from dispatcher.rules.rulebook import Rulebook, read_rulebook, under
from runtime.pool import Connection
from tests.harness.log import START
from tests.integration.dispatcher.backtests.test_backtest import changed, document

pytestmark = pytest.mark.usefixtures("live")

FINALS = "SELECT id, grade, event_count, canonical_at FROM incidents WHERE status = 'final' ORDER BY id"


async def silent(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture
async def graver(owner: Connection) -> Rulebook:
    """A matrix that is graver in one row, and a kind that is graver by itself."""
    rules = changed(await document(owner), "kinds", "street_vendor_occupation", likelihood=5, consequence=5)
    graver = changed(rules, "matrix", **{"3": [1, 1, 1, 1, 1]})
    return await under(owner, await read_rulebook(owner), graver, 2)


async def alone(owner: Connection, book: Rulebook, incident_id: int) -> tuple[int, str]:
    """Grade and kind of one final incident by the grader itself."""
    stored = await read_incident(owner, incident_id)
    found = grade(stored.incident.tally, Facts(final=True), book.taxonomy, book.matrix, book.grading)
    return found.grade, found.kind


async def test_arrays_are_graded_as_each_incident_alone(owner: Connection, graver: Rulebook) -> None:
    book = await read_rulebook(owner)
    found = await regrade(owner, book, graver, from_at=BEGINNING, to_at=END, on_progress=silent)
    finals = await owner.fetch(FINALS)
    assert len(finals) > 50
    expected, kinds, otherwise = Counter[tuple[int, int]](), Counter[str](), 0
    for row in finals:
        was, kind = await alone(owner, book, row["id"])
        comes_out, _ = await alone(owner, graver, row["id"])
        expected[was, comes_out] += 1
        kinds[kind] += 1
        otherwise += was != row["grade"]
    assert {(a, b): int(found.grades[a, b]) for a, b in np.argwhere(found.grades).tolist()} == expected
    told = found.as_json()
    assert {row["kind"]: row["incidents"] for row in told["by_kind"]} == kinds
    assert (told["incidents"], told["shown_otherwise"]) == (len(finals), otherwise)
    assert told["events"] == sum(row["event_count"] for row in finals)
    assert (told["graver"] > 0, told["milder"]) == (True, 0)
    assert told["graver"] == sum(row["graver"] for row in told["by_kind"])


async def test_the_same_rules_move_nothing_and_the_other_way_round_is_milder(
    owner: Connection, graver: Rulebook
) -> None:
    book = await read_rulebook(owner)
    same = await regrade(owner, book, book, from_at=BEGINNING, to_at=END, on_progress=silent)
    assert (same.as_json()["graver"], same.as_json()["milder"]) == (0, 0)
    there = await regrade(owner, book, graver, from_at=BEGINNING, to_at=END, on_progress=silent)
    back = await regrade(owner, graver, book, from_at=BEGINNING, to_at=END, on_progress=silent)
    assert (back.grades == there.grades.T).all()


async def test_only_what_began_in_the_span_is_taken(owner: Connection, graver: Rulebook) -> None:
    book = await read_rulebook(owner)
    middle = START + timedelta(hours=1)
    parts = [
        await regrade(owner, book, graver, from_at=from_at, to_at=to_at, on_progress=silent)
        for from_at, to_at in ((BEGINNING, middle), (middle, END))
    ]
    began = [row["canonical_at"] < middle for row in await owner.fetch(FINALS)]
    assert [int(part.grades.sum()) for part in parts] == [sum(began), len(began) - sum(began)]


async def test_a_few_events_at_a_time_give_what_all_at_once_give(owner: Connection, graver: Rulebook) -> None:
    progress: list[tuple[int, int]] = []

    async def note(done: int, total: int) -> None:
        progress.append((done, total))

    book = await read_rulebook(owner)
    whole = await regrade(owner, book, graver, from_at=BEGINNING, to_at=END, on_progress=silent)
    parts = await regrade(owner, book, graver, from_at=BEGINNING, to_at=END, on_progress=note, at_once=5)
    assert parts.as_json() == whole.as_json()
    largest = max(row["event_count"] for row in await owner.fetch(FINALS))
    sizes = np.diff([done for done, _ in progress])
    assert sizes.max() < 5 + largest
    assert sizes.size > whole.events / (5 + largest)
    assert (progress[0], progress[-1]) == ((0, whole.events), (whole.events, whole.events))


async def test_a_stretch_goes_by_its_indexes_and_only_within_the_transaction(owner: Connection) -> None:
    book = await read_rulebook(owner)
    joins = "SELECT current_setting('enable_hashjoin') || current_setting('enable_mergejoin')"
    async with owner.transaction(isolation="repeatable_read", readonly=True):
        await regrade(owner, book, book, from_at=BEGINNING, to_at=END, on_progress=silent)
        assert await owner.fetchval(joins) == "offoff"
    assert await owner.fetchval(joins) == "onon"


def test_nothing_is_said_of_nothing() -> None:
    assert Regraded().as_json()["incidents"] == 0
