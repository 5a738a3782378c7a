"""The gate of Art. 45: every line of it, and what holds for every wish."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.admission.gate import MAY_OFFER, judge
from dispatcher.admission.model import Art45, EmergencyOrder, Form, Means, Package, Support, Wish
from registry.admission import AdmissionItem, AdmissionList
from registry.organisations import DutyHours, Organisation, OrganisationKind

AT = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
PATH = ("city", "district", "street", "community")


def organisation(kind: OrganisationKind, name: str | None = None) -> Organisation:
    return Organisation(name or kind.value, kind, None, PATH[-1], PATH, "甲", "A", DutyHours.OFFICE)


COMMITTEE = organisation(OrganisationKind.COMMITTEE)
BUREAU = organisation(OrganisationKind.DEPARTMENT)
SUBDISTRICT = organisation(OrganisationKind.SUBDISTRICT)
GOVERNMENT = organisation(OrganisationKind.GOVERNMENT)
WHOLE = Package("预算 2026-17", None, "两名网格员", "住户台账", "张科长 028", date(2026, 12, 1), date(2026, 12, 31))


def entry(listed: AdmissionList) -> AdmissionItem:
    day = date(2026, 1, 1)
    return AdmissionItem(1, listed, "door_checks", "入户排查", "依据", "district", day, None, day, "test")


def wish(
    issuer: Organisation = SUBDISTRICT,
    means: Means = Means.OFFER,
    package: Package = WHOLE,
    *,
    origin: Organisation = BUREAU,
    own_duty: bool = True,
    order: EmergencyOrder | None = None,
    receiver: Organisation = COMMITTEE,
) -> Wish:
    return Wish(receiver, issuer, origin, means, "door_checks", own_duty, package, order)


def order(**changes: object) -> EmergencyOrder:
    made = EmergencyOrder(
        1, "成府发〔2026〕9号", GOVERNMENT.id, "district", frozenset({"door_checks"}), AT, AT + timedelta(days=2)
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_what_does_not_concern_a_committee_passes() -> None:
    verdict = judge(wish(BUREAU, Means.ASSIGNMENT, Package(), receiver=BUREAU), None, AT)
    assert (verdict.form, verdict.codes) == (Form.NOT_CONCERNED, ())


@pytest.mark.parametrize("listed", [None, *AdmissionList])
def test_plain_information_passes_whatever_the_lists_say(listed: AdmissionList | None) -> None:
    item = entry(listed) if listed else None
    assert judge(wish(BUREAU, Means.NOTICE, Package()), item, AT).form is Form.NOTICE


def test_a_bureau_that_orders_door_to_door_checks_hears_every_reason() -> None:
    verdict = judge(wish(BUREAU, Means.INSPECTION_ROUND, Package()), entry(AdmissionList.ASSIST), AT)
    assert verdict.form is None
    assert verdict.codes == (Art45.TRANSFER_FORBIDDEN, Art45.SUPPORT_MISSING, Art45.DIRECT_ASSIGNMENT)
    assert verdict.missing == tuple(Support)


def test_the_same_matter_passes_as_an_offer_of_the_subdistrict_with_its_support() -> None:
    verdict = judge(wish(), entry(AdmissionList.ASSIST), AT)
    assert (verdict.form, verdict.codes) == (Form.OFFER, ())


def test_a_bureau_may_not_make_the_offer_itself_even_with_its_support() -> None:
    verdict = judge(wish(BUREAU), entry(AdmissionList.ASSIST), AT)
    assert verdict.codes == (Art45.TRANSFER_FORBIDDEN, Art45.DIRECT_ASSIGNMENT)


@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        ({"funds_ref": None}, Support.FUNDS),
        ({"funds_ref": "  "}, Support.FUNDS),
        ({"conditions": None}, Support.CONDITIONS),
        ({"information_support": ""}, Support.INFORMATION),
        ({"guidance_contact": None}, Support.GUIDANCE),
        ({"period_to": None}, Support.PERIOD),
        ({"period_to": date(2026, 11, 30)}, Support.PERIOD),
    ],
)
def test_every_part_of_the_support_is_needed(lacking: dict[str, object], named: Support) -> None:
    verdict = judge(wish(package=replace(WHOLE, **lacking)), entry(AdmissionList.ASSIST), AT)  # type: ignore[arg-type]
    assert Art45.SUPPORT_MISSING in verdict.codes
    assert verdict.missing == (named,)


def test_an_amount_is_as_good_as_a_budget_line() -> None:
    package = replace(WHOLE, funds_ref=None, funds_yuan=30_000)
    assert judge(wish(package=package), entry(AdmissionList.ASSIST), AT).form is Form.OFFER


@pytest.mark.parametrize("means", [means for means in Means if means.demands])
@pytest.mark.parametrize("issuer", [BUREAU, SUBDISTRICT, GOVERNMENT])
def test_the_negative_list_stops_everybody(means: Means, issuer: Organisation) -> None:
    verdict = judge(wish(issuer, means, order=order()), entry(AdmissionList.NEGATIVE), AT)
    assert verdict.form is None
    assert verdict.codes[0] is Art45.NEGATIVE


def test_what_is_on_no_list_needs_an_admission_first() -> None:
    verdict = judge(wish(own_duty=False), None, AT)
    assert verdict.codes == (Art45.NOT_ADMITTED,)


def test_in_matters_of_self_governance_nobody_orders_and_the_committee_acts_itself() -> None:
    listed = entry(AdmissionList.SELF_GOVERNANCE)
    assert judge(wish(own_duty=False), listed, AT).codes == (Art45.DIRECT_ASSIGNMENT,)
    own = wish(COMMITTEE, Means.ASSIGNMENT, Package(), origin=COMMITTEE, own_duty=False)
    assert judge(own, listed, AT).form is Form.OWN_MATTER


def test_work_passed_on_by_a_subdistrict_stays_the_departments() -> None:
    verdict = judge(wish(SUBDISTRICT, Means.GRID_WORK, Package()), entry(AdmissionList.ASSIST), AT)
    assert Art45.TRANSFER_FORBIDDEN in verdict.codes


def test_an_emergency_order_may_ask_assistance_without_a_package() -> None:
    verdict = judge(wish(GOVERNMENT, package=Package(), order=order()), None, AT)
    assert verdict.form is Form.EMERGENCY_ASSISTANCE


@pytest.mark.parametrize(
    "changes",
    [
        {"ends_at": AT},
        {"from_at": AT + timedelta(seconds=1)},
        {"area_id": "another-district"},
        {"matters": frozenset({"snow"})},
    ],
)
def test_an_emergency_order_counts_in_its_time_place_and_matters_alone(changes: dict[str, object]) -> None:
    verdict = judge(wish(GOVERNMENT, package=Package(), order=order(**changes)), None, AT)
    assert verdict.codes == (Art45.TRANSFER_FORBIDDEN, Art45.NOT_ADMITTED)


def test_an_emergency_order_is_no_licence_for_a_bureau_or_for_orders() -> None:
    assert not judge(wish(BUREAU, package=Package(), order=order()), None, AT).allowed
    assert not judge(wish(GOVERNMENT, Means.ASSIGNMENT, Package(), order=order()), None, AT).allowed


WISHES = st.builds(
    wish,
    issuer=st.sampled_from([BUREAU, SUBDISTRICT, GOVERNMENT, COMMITTEE, organisation(OrganisationKind.UTILITY)]),
    means=st.sampled_from(Means),
    package=st.sampled_from([Package(), WHOLE, replace(WHOLE, conditions=None)]),
    origin=st.sampled_from([BUREAU, SUBDISTRICT, COMMITTEE]),
    own_duty=st.booleans(),
    order=st.sampled_from([None, order(), order(ends_at=AT)]),
)
ITEMS = st.sampled_from([None, *(entry(listed) for listed in AdmissionList)])


@given(WISHES, ITEMS)
def test_a_refusal_always_names_its_reasons_and_a_pass_never_has_any(asked: Wish, item: AdmissionItem | None) -> None:
    verdict = judge(asked, item, AT)
    assert verdict.allowed == (not verdict.codes)
    assert bool(verdict.missing) == (Art45.SUPPORT_MISSING in verdict.codes)


@given(WISHES, ITEMS)
def test_nothing_that_demands_work_passes_but_as_an_offer_or_as_its_own(
    asked: Wish, item: AdmissionItem | None
) -> None:
    verdict = judge(asked, item, AT)
    if verdict.form is Form.OFFER:
        assert asked.issuer.kind in MAY_OFFER
        assert item is not None
        assert item.list is AdmissionList.ASSIST
        assert not asked.package.missing
    if verdict.form is Form.EMERGENCY_ASSISTANCE:
        assert asked.order is not None
        assert asked.means is Means.OFFER
    if verdict.form is Form.OWN_MATTER:
        assert asked.issuer is COMMITTEE
    if item is not None and item.list is AdmissionList.NEGATIVE and asked.means.demands:
        assert not verdict.allowed
