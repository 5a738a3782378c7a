"""The gate of Art. 45: decides whether a wish may reach a residents' committee, and in which form. Pure.

Source: Arts. 6 and 45 of the regulation; docs/explanation/art45.md explains each line.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from dispatcher.admission.model import Art45, Form, Means, Verdict, Wish
from registry.admission import AdmissionItem, AdmissionList
from registry.organisations import OrganisationKind

# Only they may carry a department's matter to a committee (ruling A4).
MAY_OFFER: Final = frozenset({OrganisationKind.GOVERNMENT, OrganisationKind.SUBDISTRICT})

_Test = Callable[[Wish, AdmissionItem | None, datetime], bool]


def judge(wish: Wish, item: AdmissionItem | None, at: datetime) -> Verdict:
    """The verdict on a wish; `item` is the list entry that is in force for its matter at the committee's place."""
    for form, holds in _PASSES:
        if holds(wish, item, at):
            return Verdict(form, item=item)
    codes = tuple(code for code, holds in _REASONS if holds(wish, item, at))
    missing = wish.package.missing if Art45.SUPPORT_MISSING in codes else ()
    return Verdict(None, codes, missing, item)


def _is_no_committee(wish: Wish, _item: AdmissionItem | None, _at: datetime) -> bool:
    return wish.receiver.kind is not OrganisationKind.COMMITTEE


def _demands_nothing(wish: Wish, _item: AdmissionItem | None, _at: datetime) -> bool:
    return not wish.means.demands


def _is_negative(_wish: Wish, item: AdmissionItem | None, _at: datetime) -> bool:
    return item is not None and item.list is AdmissionList.NEGATIVE


def _is_under_emergency_order(wish: Wish, item: AdmissionItem | None, at: datetime) -> bool:
    # Not even an emergency hands over what is on the negative list: the organ's own staff does it.
    if wish.order is None or wish.means is not Means.OFFER or _is_negative(wish, item, at):
        return False
    return wish.issuer.kind in MAY_OFFER and wish.order.covers(wish.receiver, wish.matter, at)


def _is_own_matter(wish: Wish, item: AdmissionItem | None, at: datetime) -> bool:
    return wish.issuer.id == wish.receiver.id == wish.origin.id and not _is_negative(wish, item, at)


def _is_lawful_offer(wish: Wish, item: AdmissionItem | None, at: datetime) -> bool:
    listed = item is not None and item.list is AdmissionList.ASSIST
    return listed and not wish.package.missing and not _is_order(wish, item, at)


def _lacks_support(wish: Wish, item: AdmissionItem | None, _at: datetime) -> bool:
    return item is not None and item.list is AdmissionList.ASSIST and bool(wish.package.missing)


def _is_transfer(wish: Wish, _item: AdmissionItem | None, _at: datetime) -> bool:
    """A department's own duty stays its own, whatever the lists say, unless the offer is lawful."""
    return wish.origin.kind is OrganisationKind.DEPARTMENT and wish.own_duty


def _is_on_no_list(_wish: Wish, item: AdmissionItem | None, _at: datetime) -> bool:
    return item is None


def _is_order(wish: Wish, item: AdmissionItem | None, _at: datetime) -> bool:
    """Nobody orders a committee; in its own matters it may be informed, not even asked."""
    if wish.means is not Means.OFFER or wish.issuer.kind not in MAY_OFFER:
        return True
    return item is not None and item.list is AdmissionList.SELF_GOVERNANCE


# The first that holds lets it pass, in this form.
_PASSES: Final[tuple[tuple[Form, _Test], ...]] = (
    (Form.NOT_CONCERNED, _is_no_committee),
    (Form.NOTICE, _demands_nothing),
    (Form.OWN_MATTER, _is_own_matter),
    (Form.EMERGENCY_ASSISTANCE, _is_under_emergency_order),
    (Form.OFFER, _is_lawful_offer),
)
# Every one that holds is named, the gravest first.
_REASONS: Final[tuple[tuple[Art45, _Test], ...]] = (
    (Art45.NEGATIVE, _is_negative),
    (Art45.TRANSFER_FORBIDDEN, _is_transfer),
    (Art45.SUPPORT_MISSING, _lacks_support),
    (Art45.NOT_ADMITTED, _is_on_no_list),
    (Art45.DIRECT_ASSIGNMENT, _is_order),
)
