"""The procedures of offers, applications and Art. 48 cases, read off their tables."""

from collections.abc import Iterable

import pytest

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.admission.procedures import (
    TABLES,
    Act,
    ApplicationState,
    CorrectionState,
    Hop,
    OfferState,
    Parties,
    Party,
    Refusal,
    Refused,
    Subject,
    allowed_events,
    decide,
)

PARTIES = Parties(("city", "district"), committee_id="committee", issuer_id="street", unit_id="bureau")
# Where each begins, and where nothing more can happen.
BEGINS = {
    Subject.OFFER: OfferState.OFFERED,
    Subject.APPLICATION: ApplicationState.DRAFT,
    Subject.CORRECTION_CASE: CorrectionState.ALLEGED,
}
ENDS = {
    Subject.OFFER: {OfferState.UPHELD, OfferState.WITHDRAWN, OfferState.STOPPED, OfferState.COMPLETED},
    Subject.APPLICATION: {ApplicationState.REFUSED, ApplicationState.WITHDRAWN},
    Subject.CORRECTION_CASE: {CorrectionState.UNFOUNDED, CorrectionState.REFERRED},
}
STATES: dict[Subject, Iterable[str]] = {
    Subject.OFFER: OfferState,
    Subject.APPLICATION: ApplicationState,
    Subject.CORRECTION_CASE: CorrectionState,
}


def user(role: UserRole, organisation: str | None, area: str = "district") -> User:
    return User(UserId(1), "u", "甲", frozenset({role}), organisation, area, sees_everything=False, enabled=True)


WHO = {
    Party.COMMITTEE: user(UserRole.COMMITTEE, "committee"),
    Party.ISSUER: user(UserRole.SUBDISTRICT, "street"),
    Party.UNIT: user(UserRole.DEPT_HEAD, "bureau"),
    Party.GOVERNMENT: user(UserRole.SUPERVISOR, "government"),
}


def act(hop: Hop, **left_out: bool) -> Act:
    fields = {name: "x" for name in hop.fields if name != "reason" and not left_out.get(name)}
    reason = None if left_out.get("reason") or "reason" not in hop.fields else "because"
    return Act(hop.event, 1, reason, fields)


HOPS = [(subject, state, hop) for subject, table in TABLES.items() for hop in table for state in hop.from_states]


@pytest.mark.parametrize(("subject", "state", "hop"), HOPS)
def test_each_hop_is_open_to_its_party_alone(subject: Subject, state: str, hop: Hop) -> None:
    for party, who in WHO.items():
        decided = decide(subject, state, act(hop), who, PARTIES)
        assert (decided == hop) == (party is hop.party), party
        assert (hop.event in allowed_events(subject, state, who, PARTIES)) == (party is hop.party)


@pytest.mark.parametrize(("subject", "state", "hop"), HOPS)
def test_each_hop_wants_every_field_it_names(subject: Subject, state: str, hop: Hop) -> None:
    for name in hop.fields:
        decided = decide(subject, state, act(hop, **{name: True}), WHO[Party(hop.party)], PARTIES)
        assert isinstance(decided, Refused)
        assert (decided.reason, decided.field) == (Refusal.FIELD_MISSING, name)


@pytest.mark.parametrize("subject", list(Subject))
def test_every_state_is_reached_and_all_but_the_ends_have_an_exit(subject: Subject) -> None:
    table = TABLES[subject]
    reached = {str(BEGINS[subject])} | {hop.to_state for hop in table}
    assert reached == {str(state) for state in STATES[subject]}
    left = {state for hop in table for state in hop.from_states}
    assert reached - left == ENDS[subject]


def test_a_refusal_needs_no_more_than_its_ground() -> None:
    hop = next(hop for hop in TABLES[Subject.OFFER] if hop.event == "refuse")
    assert hop.fields == ("refusal",)


def test_nobody_but_the_committee_answers_for_it() -> None:
    answers = [hop for hop in TABLES[Subject.OFFER] if hop.event in {"accept", "refuse", "counter", "complete", "stop"}]
    assert {hop.party for hop in answers} == {Party.COMMITTEE}


@pytest.mark.parametrize(
    "other",
    [
        user(UserRole.COMMITTEE, "another-committee"),
        user(UserRole.COMMITTEE, None),
        user(UserRole.SUPERVISOR, "committee"),
    ],
)
def test_another_committee_is_not_this_committee(other: User) -> None:
    decided = decide(Subject.OFFER, OfferState.OFFERED, Act("accept", 1, None, {}), other, PARTIES)
    assert decided == Refused(Refusal.NOT_THIS_PARTY, party=Party.COMMITTEE)


def test_a_government_acts_in_its_area_and_never_about_itself() -> None:
    hear = Act("hear", 1, None, {"statement": "x"})
    for other in (user(UserRole.SUPERVISOR, "government", "other"), user(UserRole.SUPERVISOR, "bureau")):
        assert isinstance(decide(Subject.CORRECTION_CASE, CorrectionState.ALLEGED, hear, other, PARTIES), Refused)
