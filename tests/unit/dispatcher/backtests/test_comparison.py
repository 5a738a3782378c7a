"""The comparison of two runs: every incident counted once, whatever became of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.backtests.comparison import Divergence, places, summary
from dispatcher.backtests.history import BEGINNING, Found, FoundCase, FoundIncident, TicketReason

START = datetime(2026, 11, 22, tzinfo=UTC)


def found(
    incidents: Mapping[str, str], *, grades: Mapping[str, int] | None = None, tickets: str = "", joined: str = ""
) -> Found:
    """Incidents named by a letter, each with its events, a letter each; the first is the key. Some are one case."""
    one_case = "".join(incidents.get(name, "") for name in joined)
    cases = {name: one_case if name in joined else events for name, events in incidents.items()}
    made = {
        name: FoundIncident(
            key=name.encode().hex(),
            kind="outdoor_fire",
            kind_group="fire",
            grade=(grades or {}).get(name, 3),
            status="final",
            late=False,
            first_at=START + timedelta(seconds=ord(min(events))),
            events=len(events),
            place=None,
            area_id=None,
            ticket=TicketReason.AUTO_TICKET if name in tickets else None,
            case=FoundCase(
                len(cases[name]), cases[name].encode(), (min(joined) if name in joined else name).encode().hex()
            ),
        )
        for name, events in incidents.items()
    }
    return Found(
        incidents={one.key: one for one in made.values()},
        members={event.encode(): made[name].key for name, events in incidents.items() for event in events},
    )


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ({"a": "ab"}, {"a": "ab"}, Divergence.SAME),
        ({"a": "ab"}, {"a": "abc"}, Divergence.CHANGED),
        ({"a": "abc"}, {"a": "ab"}, Divergence.CHANGED),
        ({"a": "ab", "c": "cd"}, {"a": "abcd"}, Divergence.MERGED),
        ({"a": "abcd"}, {"a": "ab", "c": "cd"}, Divergence.SPLIT),
        ({"a": "ab", "c": "cd"}, {"a": "ac", "b": "bd"}, Divergence.REGROUPED),
        ({}, {"a": "ab"}, Divergence.OPENED),
        ({"a": "ab"}, {}, Divergence.VANISHED),
    ],
    ids=lambda value: value.value if isinstance(value, Divergence) else "",
)
def test_outcome_is_what_became_of_it(before: dict[str, str], after: dict[str, str], outcome: Divergence) -> None:
    (place,) = places(found(before), found(after), BEGINNING)
    assert place.outcome is outcome
    (back,) = places(found(after), found(before), BEGINNING)
    turned = {Divergence.MERGED: Divergence.SPLIT, Divergence.OPENED: Divergence.VANISHED}
    turned |= {there: here for here, there in turned.items()}
    assert back.outcome is turned.get(outcome, outcome)


def test_the_same_events_may_be_graver_or_milder() -> None:
    before, after = found({"a": "ab"}, grades={"a": 3}), found({"a": "ab"}, grades={"a": 2})
    assert [place.outcome for place in places(before, after, BEGINNING)] == [Divergence.GRAVER]
    assert [place.outcome for place in places(after, before, BEGINNING)] == [Divergence.MILDER]


def test_incidents_that_stay_as_they_are_may_be_joined_into_one_case_and_parted_again() -> None:
    incidents = {"a": "ab", "c": "cd", "e": "e"}
    before, after = found(incidents, tickets="ac"), found(incidents, tickets="ac", joined="ac")
    there, back = places(before, after, BEGINNING), places(after, before, BEGINNING)
    assert [place.outcome for place in there] == [Divergence.JOINED, Divergence.JOINED, Divergence.SAME]
    assert [place.outcome for place in back] == [Divergence.PARTED, Divergence.PARTED, Divergence.SAME]
    told = summary(there, {})
    assert (told["before"]["cases"], told["after"]["cases"], told["is_empty"]) == (3, 2, False)
    assert told["outcomes"]["joined"] == 2
    assert told["tickets"] == {"added": 0, "dropped": 1}  # the case has one
    assert sum(told["after"]["tickets"].values()) == 1


def test_what_began_before_the_span_is_left_out() -> None:
    before = found({"a": "ab", "c": "cd"})
    assert [place.before[0].events for place in places(before, before, START + timedelta(seconds=ord("c")))] == [2]


def test_tickets_are_counted_where_they_differ() -> None:
    before, after = found({"a": "ab", "c": "cd", "e": "e"}, tickets="ac"), found({"a": "abcd", "e": "e"}, tickets="ae")
    told = summary(places(before, after, BEGINNING), {"61": "IN-1"})
    assert told["tickets"] == {"added": 1, "dropped": 1}
    assert [one["tickets"] for one in told["ticket_examples"]] == [-1, 1]
    assert told["examples"][0]["before"][0]["number"] == "IN-1"
    assert (told["before"]["incidents"], told["after"]["incidents"]) == (3, 2)


partitions = st.lists(st.integers(0, 5), min_size=1, max_size=12).map(
    lambda labels: {
        chr(97 + labels.index(label)): "".join(chr(97 + i) for i, each in enumerate(labels) if each == label)
        for label in set(labels)
    }
)


@given(partitions, partitions)
def test_every_incident_is_counted_once_and_either_way_round(before: dict[str, str], after: dict[str, str]) -> None:
    there, back = places(found(before), found(after), BEGINNING), places(found(after), found(before), BEGINNING)
    assert sorted(one.key for place in there for one in place.before) == sorted(found(before).incidents)
    assert sorted(one.key for place in there for one in place.after) == sorted(found(after).incidents)
    assert [(place.before, place.after) for place in there] == [(place.after, place.before) for place in back]
    assert summary(there, {})["is_empty"] == (set(before.values()) == set(after.values()))
