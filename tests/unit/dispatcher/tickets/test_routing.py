"""Who gets a ticket: the department's most local organisation in its hours, else the duty desk, never a committee."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.tickets.routing import RouteReason, route
from registry.event_kinds import EventKind, KindMode
from registry.organisations import DutyHours, Organisation, OrganisationKind, UnitTrade
from tests.unit.dispatcher.tickets.world import (
    AT,
    CALENDAR,
    COMMITTEE,
    DESK,
    FIRE,
    HOUSING,
    PATH,
    POLICE,
    STREET,
    organisation,
)

NIGHT = datetime(2026, 3, 11, 15, 0, tzinfo=UTC)
KIND = EventKind(
    id="household_smoke_alarm",
    version=1,
    zh_name="住户烟感报警",
    en_name="Household smoke alarm",
    scenario="security",
    likelihood=3,
    consequence=4,
    lead_department="fire_rescue",
    co_departments=("public_security", "housing_construction"),
    ticket_kind="call_response",
    disclosure_category="other",
    committee_list="assist",
    kind_group="fire",
    mode=KindMode.AUTO_TICKET,
    time_critical=True,
    run_card=None,
    notes="",
)
EVERYBODY = (FIRE, POLICE, HOUSING, DESK, COMMITTEE)


def test_lead_and_co_units_follow_the_taxonomy() -> None:
    routing = route(KIND, PATH, EVERYBODY, AT, CALENDAR)
    assert (routing.lead, routing.co, routing.held) == ("fire", ("police", "housing"), ())
    assert set(routing.grounds.values()) == {RouteReason.DEPARTMENT_OF_AREA}


def test_most_local_organisation_of_the_department_is_chosen() -> None:
    station = organisation("fire-station", department="fire_rescue", area=STREET)
    elsewhere = organisation("fire-other", department="fire_rescue", area="cd-other")
    assert route(KIND, PATH, (*EVERYBODY, station, elsewhere), AT, CALENDAR).lead == "fire-station"


def test_closed_office_is_held_by_the_duty_desk() -> None:
    routing = route(replace(KIND, lead_department="housing_construction"), PATH, EVERYBODY, NIGHT, CALENDAR)
    assert (routing.lead, routing.co) == ("desk", ("police",))
    assert routing.grounds["desk"] is RouteReason.OFFICE_CLOSED
    assert [(held.department_id, held.organisation_id) for held in routing.held] == [
        ("housing_construction", "housing")
    ]


def test_unit_on_call_is_assigned_at_night() -> None:
    on_call = replace(HOUSING, duty=DutyHours.ON_CALL)
    assert "housing" in route(KIND, PATH, (FIRE, POLICE, on_call, DESK), NIGHT, CALENDAR).co


def test_missing_department_falls_to_the_duty_desk() -> None:
    routing = route(KIND, PATH, (POLICE, HOUSING, DESK), AT, CALENDAR)
    assert routing.lead == "desk"
    assert routing.grounds["desk"] is RouteReason.NO_ORGANISATION


def test_place_for_which_nobody_answers_is_unrouted() -> None:
    routing = route(KIND, PATH, (), AT, CALENDAR)
    assert (routing.lead, routing.co, routing.grounds) == (None, (), {})
    assert {held.reason for held in routing.held} == {RouteReason.UNROUTED}
    assert route(KIND, (), EVERYBODY, AT, CALENDAR).lead is None


def test_committee_is_never_assigned_even_where_it_carries_the_department() -> None:
    posing = replace(COMMITTEE, department_id="fire_rescue")
    routing = route(KIND, PATH, (posing, POLICE, DESK), AT, CALENDAR)
    assert posing.id not in (routing.lead, *routing.co)


GAS = replace(
    organisation("gas", department="", area=PATH[1]),
    kind=OrganisationKind.UTILITY,
    department_id=None,
    duty=DutyHours.ALWAYS,
    trades=frozenset({UnitTrade.GAS}),
)


def test_external_unit_is_called_beside_the_departments() -> None:
    routing = route(KIND, PATH, (*EVERYBODY, GAS), AT, CALENDAR, trades=[UnitTrade.GAS])
    assert routing.co == ("police", "housing", "gas")
    assert routing.grounds["gas"] is RouteReason.UNIT_CALLED
    assert "gas" not in route(KIND, PATH, (*EVERYBODY, GAS), AT, CALENDAR).co


def test_external_unit_that_is_closed_or_has_nobody_is_held_by_the_desk() -> None:
    closed = replace(GAS, duty=DutyHours.OFFICE)
    for units, at, off_duty, reason in (
        (closed, NIGHT, (), RouteReason.OFFICE_CLOSED),
        (GAS, AT, ("gas",), RouteReason.NOBODY_ON_DUTY),
    ):
        asked = (FIRE, POLICE, replace(HOUSING, duty=DutyHours.ALWAYS), DESK, units)
        routing = route(KIND, PATH, asked, at, CALENDAR, trades=[UnitTrade.GAS], off_duty=off_duty)
        assert routing.co == ("police", "housing", "desk")
        assert routing.grounds["desk"] is reason
        assert [(held.trade, held.organisation_id, held.reason) for held in routing.held] == [("gas", "gas", reason)]


def test_trade_that_nobody_has_is_noted_and_several_units_are_left_to_a_person() -> None:
    routing = route(KIND, PATH, EVERYBODY, AT, CALENDAR, trades=[UnitTrade.LIFT])
    assert routing.co == ("police", "housing")
    assert [(held.trade, held.reason) for held in routing.held] == [("lift", RouteReason.NO_ORGANISATION)]
    other = replace(GAS, id="gas-two")
    routing = route(KIND, PATH, (*EVERYBODY, GAS, other), AT, CALENDAR, trades=[UnitTrade.GAS])
    assert [(held.trade, held.reason) for held in routing.held] == [("gas", RouteReason.SEVERAL_UNITS)]
    assert routing.as_record()["held"][0]["trade"] == "gas"


def test_department_whose_roster_has_nobody_is_held_by_the_desk() -> None:
    routing = route(KIND, PATH, EVERYBODY, AT, CALENDAR, off_duty={"fire"})
    assert (routing.lead, routing.grounds["desk"]) == ("desk", RouteReason.NOBODY_ON_DUTY)


def test_committee_with_a_trade_is_never_assigned() -> None:
    posing = replace(COMMITTEE, trades=frozenset({UnitTrade.PROPERTY}))
    routing = route(KIND, PATH, (*EVERYBODY, posing), AT, CALENDAR, trades=[UnitTrade.PROPERTY])
    assert posing.id not in (routing.lead, *routing.co)


ORGANISATION = st.builds(
    lambda number, kind, department, area, duty: Organisation(
        f"o{number}", kind, department, area, (), f"o{number}", f"o{number}", duty
    ),
    st.integers(0, 9),
    st.sampled_from(OrganisationKind),
    st.sampled_from(["fire_rescue", "public_security", "housing_construction", None]),
    st.sampled_from([*PATH, "cd-other"]),
    st.sampled_from(DutyHours),
)


@given(
    organisations=st.lists(ORGANISATION, max_size=8, unique_by=lambda each: each.id),
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    data=st.data(),
)
def test_routing_is_a_function_of_the_set(organisations: list[Organisation], at: datetime, data: st.DataObject) -> None:
    routing = route(KIND, PATH, organisations, at, CALENDAR)
    assert route(KIND, PATH, data.draw(st.permutations(organisations)), at, CALENDAR) == routing
    assigned = [each for each in (routing.lead, *routing.co) if each is not None]
    assert len(set(assigned)) == len(assigned)
    assert set(routing.grounds) == set(assigned)
    by_id = {each.id: each for each in organisations}
    for name in assigned:
        assert by_id[name].kind is not OrganisationKind.COMMITTEE
        assert by_id[name].area_id in PATH
        if routing.grounds[name] is RouteReason.DEPARTMENT_OF_AREA:
            assert by_id[name].duty is not DutyHours.OFFICE or CALENDAR.is_office_open(at)
        else:
            assert by_id[name].kind is OrganisationKind.DUTY_DESK


@pytest.mark.parametrize("moment", [AT, NIGHT])
def test_route_is_recorded_as_plain_values(moment: datetime) -> None:
    record = route(KIND, PATH, EVERYBODY, moment, CALENDAR).as_record()
    assert set(record) == {"grounds", "held"}
    assert all(isinstance(value, str) for value in record["grounds"].values())
