"""What may be done with an offer, an application and an Art. 48 case: three tables of single hops, decided purely."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dispatcher.accounts.model import User, UserRole


class Subject(StrEnum):
    """What a procedure is about; equal to the SQL enum `admission_subject`."""

    OFFER = "offer"
    APPLICATION = "application"
    CORRECTION_CASE = "correction_case"


class OfferState(StrEnum):
    """Equal to the SQL enum `offer_state`."""

    OFFERED = "offered"  # 待答复: before the committee; its silence means nothing
    ACCEPTED = "accepted"  # 已接受
    REFUSED = "refused"  # 已拒绝
    COUNTERED = "countered"  # 要求调整: other support is asked for
    ARBITRATION = "arbitration"  # 裁定中: community governance and civil affairs look whether the support fits
    UPHELD = "upheld"  # 拒绝成立
    WITHDRAWN = "withdrawn"  # 已撤回
    STOPPED = "stopped"  # 已中止: by the committee; unpaid, or grown beyond what was agreed
    COMPLETED = "completed"  # 已完成


class OfferRefusal(StrEnum):
    """Why a committee refuses; equal to the SQL enum `offer_refusal`."""

    SUPPORT_MISMATCH = "support_mismatch"  # 保障不匹配
    NEGATIVE_LIST = "negative_list"  # 属负面清单
    NOT_ON_LIST = "not_on_list"  # 不在协助清单
    NO_CAPACITY = "no_capacity"  # 力量不足


class ApplicationState(StrEnum):
    """Equal to the SQL enum `application_state`."""

    DRAFT = "draft"  # 草拟
    SUBMITTED = "submitted"  # 已申请
    ASSESSED = "assessed"  # 已评估
    APPROVED = "approved"  # 已审批
    REFUSED = "refused"  # 未通过
    LISTED = "listed"  # 已准入
    WITHDRAWN = "withdrawn"  # 已撤销


class CorrectionState(StrEnum):
    """Equal to the SQL enum `correction_state`."""

    ALLEGED = "alleged"  # 反映
    HEARD = "heard"  # 已听取说明
    UNFOUNDED = "unfounded"  # 不成立
    CORRECTION_ORDERED = "correction_ordered"  # 责令纠正
    CORRECTED = "corrected"  # 已纠正
    CIRCULATED = "circulated"  # 通报批评
    REFERRED = "referred"  # 移送: the system names no guilt


class Party(StrEnum):
    """In which part somebody acts."""

    COMMITTEE = "committee"  # the residents' committee itself
    ISSUER = "issuer"  # the government or subdistrict that made the offer
    UNIT = "unit"  # the department whose matter it is
    GOVERNMENT = "government"  # a supervisor of the government at the same level


@dataclass(frozen=True, slots=True)
class Hop:
    """One line of a table: this event leads from these states to that one, if that party does it with these fields."""

    event: str
    from_states: tuple[str, ...]
    to_state: str
    party: StrEnum  # a Party; other procedures have parties of their own
    fields: tuple[str, ...] = ()  # that must be given; `reason` among them is the action's reason


_O, _A, _C = OfferState, ApplicationState, CorrectionState

TABLES: Final[Mapping[Subject, tuple[Hop, ...]]] = {
    Subject.OFFER: (
        Hop("accept", (_O.OFFERED,), _O.ACCEPTED, Party.COMMITTEE),
        # One tap: the ground alone is enough.
        Hop("refuse", (_O.OFFERED,), _O.REFUSED, Party.COMMITTEE, ("refusal",)),
        Hop("counter", (_O.OFFERED,), _O.COUNTERED, Party.COMMITTEE, ("reason",)),
        Hop("amend", (_O.COUNTERED, _O.REFUSED), _O.OFFERED, Party.ISSUER, ("package",)),
        Hop("request_arbitration", (_O.REFUSED,), _O.ARBITRATION, Party.ISSUER, ("reason",)),
        Hop("uphold_refusal", (_O.ARBITRATION,), _O.UPHELD, Party.GOVERNMENT, ("reason", "heard")),
        Hop("confirm_support", (_O.ARBITRATION,), _O.OFFERED, Party.GOVERNMENT, ("reason", "heard")),
        Hop(
            "withdraw", (_O.OFFERED, _O.COUNTERED, _O.REFUSED, _O.ARBITRATION), _O.WITHDRAWN, Party.ISSUER, ("reason",)
        ),
        Hop("pay_support", (_O.ACCEPTED,), _O.ACCEPTED, Party.UNIT, ("payment_ref",)),
        Hop("complete", (_O.ACCEPTED,), _O.COMPLETED, Party.COMMITTEE),
        Hop("stop", (_O.ACCEPTED,), _O.STOPPED, Party.COMMITTEE, ("reason",)),
    ),
    Subject.APPLICATION: (
        Hop("submit", (_A.DRAFT,), _A.SUBMITTED, Party.UNIT),
        Hop("assess", (_A.SUBMITTED,), _A.ASSESSED, Party.GOVERNMENT, ("reason", "heard")),
        Hop("approve", (_A.ASSESSED,), _A.APPROVED, Party.GOVERNMENT, ("reason",)),
        Hop("refuse", (_A.ASSESSED,), _A.REFUSED, Party.GOVERNMENT, ("reason",)),
        Hop("list", (_A.APPROVED,), _A.LISTED, Party.GOVERNMENT, ("effective_from",)),
        Hop("withdraw", (_A.DRAFT, _A.SUBMITTED, _A.ASSESSED, _A.APPROVED), _A.WITHDRAWN, Party.UNIT),
        Hop("delist", (_A.LISTED,), _A.WITHDRAWN, Party.GOVERNMENT, ("reason",)),
    ),
    Subject.CORRECTION_CASE: (
        Hop("hear", (_C.ALLEGED,), _C.HEARD, Party.GOVERNMENT, ("statement",)),
        Hop("find_unfounded", (_C.HEARD,), _C.UNFOUNDED, Party.GOVERNMENT, ("reason",)),
        Hop("order_correction", (_C.HEARD,), _C.CORRECTION_ORDERED, Party.GOVERNMENT, ("reason",)),
        Hop("confirm_correction", (_C.CORRECTION_ORDERED,), _C.CORRECTED, Party.GOVERNMENT, ("reason",)),
        Hop("circulate", (_C.CORRECTION_ORDERED, _C.CORRECTED), _C.CIRCULATED, Party.GOVERNMENT, ("reason",)),
        Hop(
            "refer",
            (_C.CORRECTION_ORDERED, _C.CORRECTED, _C.CIRCULATED),
            _C.REFERRED,
            Party.GOVERNMENT,
            ("reason", "organ"),
        ),
    ),
}

# How each part is recognised beside its organisation.
_ROLES: Final[Mapping[Party, frozenset[UserRole]]] = {
    Party.COMMITTEE: frozenset({UserRole.COMMITTEE}),
    Party.ISSUER: frozenset({UserRole.SUBDISTRICT, UserRole.SUPERVISOR}),
    Party.UNIT: frozenset({UserRole.DEPT_HEAD}),
    Party.GOVERNMENT: frozenset({UserRole.SUPERVISOR}),
}


@dataclass(frozen=True, slots=True)
class Parties:
    """Which organisations stand in which part; the government acts in its area."""

    area_path: tuple[str, ...]
    committee_id: str | None = None
    issuer_id: str | None = None
    unit_id: str | None = None


class Refusal(StrEnum):
    """Why an event cannot be done."""

    NOT_IN_THIS_STATE = "not_in_this_state"
    NOT_THIS_PARTY = "not_this_party"
    FIELD_MISSING = "field_missing"
    SUPPORT_CONFIRMED = "support_confirmed"  # Arbitration found that the support fits: it is no ground any more.


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal
    party: StrEnum | None = None
    field: str | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants to do."""

    event: str
    version: int
    reason: str | None
    fields: Mapping[str, Any]


def decide(subject: Subject, state: str, act: Act, user: User, parties: Parties) -> Hop | Refused:
    """The hop that the act is, or why there is none."""
    return choose(TABLES[subject], state, act, lambda party: stands_as(user, Party(party), parties))


def choose(table: Collection[Hop], state: str, act: Act, stands: Callable[[StrEnum], bool]) -> Hop | Refused:
    """The hop of any table of single hops that the act is, if who acts stands in its part; or why there is none."""
    hops = [hop for hop in table if state in hop.from_states]
    found = next((hop for hop in hops if hop.event == act.event), None)
    if found is None:
        return Refused(Refusal.NOT_IN_THIS_STATE, allowed=tuple(hop.event for hop in hops))
    if not stands(found.party):
        return Refused(Refusal.NOT_THIS_PARTY, party=found.party)
    for name in found.fields:
        given = act.reason if name == "reason" else act.fields.get(name)
        if given is None or given in ("", []):
            return Refused(Refusal.FIELD_MISSING, field=name)
    return found


def stands_as(user: User, party: Party, parties: Parties) -> bool:
    """Whether the user may act in this part: its role, and its organisation or, for a government, its area."""
    if not user.roles & _ROLES[party]:
        return False
    match party:
        case Party.COMMITTEE:
            return user.organisation_id is not None and user.organisation_id == parties.committee_id
        case Party.ISSUER:
            return user.organisation_id is not None and user.organisation_id == parties.issuer_id
        case Party.UNIT:
            return user.organisation_id is not None and user.organisation_id == parties.unit_id
        case Party.GOVERNMENT:
            return user.area_id in parties.area_path and user.organisation_id != parties.unit_id


def allowed_events(subject: Subject, state: str, user: User, parties: Parties) -> tuple[str, ...]:
    """What the user could do now."""
    return tuple(
        hop.event for hop in TABLES[subject] if state in hop.from_states and stands_as(user, Party(hop.party), parties)
    )
