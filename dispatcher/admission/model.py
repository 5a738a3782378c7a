"""What somebody wants of a residents' committee, and what the gate says to it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from registry.admission import AdmissionItem
from registry.organisations import Organisation


class Means(StrEnum):
    """How the work would reach the committee; equal to the SQL enum `admission_means`."""

    ASSIGNMENT = "assignment"  # 指派: a ticket or sub-task.
    FACT_CHECK = "fact_check"  # 核实: asked to look for somebody else.
    VERIFICATION = "verification"  # 核查: asked to verify somebody's result.
    INSPECTION_ROUND = "inspection_round"  # 巡查: asked to go round.
    EVIDENCE = "evidence"  # 取证: asked for photos, tables, reports.
    CALLBACK = "callback"  # 回访: asked to call reporters back.
    DATA_IMPORT = "data_import"  # 填报: asked to fill in or load data.
    DEMANDING_NOTICE = "demanding_notice"  # 要求性通知: a notice that demands action.
    GRID_WORK = "grid_work"  # 网格任务: work for grid workers who belong to the committee.
    OFFER = "offer"  # 协助事项: lawful assistance, offered with its support.
    NOTICE = "notice"  # 告知: information that demands nothing.

    @property
    def demands(self) -> bool:
        """Whether somebody is to do something; plain information never is stopped (Art. 6)."""
        return self is not Means.NOTICE


class Art45(StrEnum):
    """Why work is kept from a committee; equal to the SQL enum `art45_code`."""

    NEGATIVE = "ART45_NEGATIVE"  # The matter stands on the negative list: nobody may hand it over.
    TRANSFER_FORBIDDEN = "ART45_TRANSFER_FORBIDDEN"  # A department hands over what is its own duty.
    SUPPORT_MISSING = "ART45_SUPPORT_MISSING"  # Listed for assistance, but funds, conditions ... are not all there.
    NOT_ADMITTED = "ART45_NOT_ADMITTED"  # On no list: an admission has to be applied for.
    DIRECT_ASSIGNMENT = "ART45_DIRECT_ASSIGNMENT"  # An order, or an offer by somebody who may not make one.


class Form(StrEnum):
    """In which form it may pass."""

    NOT_CONCERNED = "not_concerned"  # The receiver is no residents' committee.
    NOTICE = "notice"  # Information: nothing is asked.
    OWN_MATTER = "own_matter"  # The committee's own matter of self-governance, begun by itself.
    OFFER = "offer"  # An offer that the committee may refuse.
    EMERGENCY_ASSISTANCE = "emergency_assistance"  # Lawful assistance under a recorded emergency order (Art. 6).


class Support(StrEnum):
    """What the package of Art. 45 para 2 consists of."""

    FUNDS = "funds"  # 工作经费: an amount or a reference to the budget.
    CONDITIONS = "conditions"  # 条件: staff, rooms, equipment.
    INFORMATION = "information_support"  # 信息支持
    GUIDANCE = "guidance_contact"  # 业务指导: who answers questions.
    PERIOD = "period"  # From when to when.


@dataclass(frozen=True, slots=True)
class Package:
    """What a department gives with its matter."""

    funds_ref: str | None = None
    funds_yuan: int | None = None
    conditions: str | None = None
    information_support: str | None = None
    guidance_contact: str | None = None
    period_from: date | None = None
    period_to: date | None = None

    @property
    def missing(self) -> tuple[Support, ...]:
        """What is not there, or is there in name only."""
        return tuple(part for part, present in self._parts() if not present)

    def _parts(self) -> tuple[tuple[Support, bool], ...]:
        period = self.period_from is not None and self.period_to is not None and self.period_from <= self.period_to
        return (
            (Support.FUNDS, bool(_said(self.funds_ref)) or (self.funds_yuan or 0) > 0),
            (Support.CONDITIONS, bool(_said(self.conditions))),
            (Support.INFORMATION, bool(_said(self.information_support))),
            (Support.GUIDANCE, bool(_said(self.guidance_contact))),
            (Support.PERIOD, period),
        )


NO_PACKAGE = Package()


@dataclass(frozen=True, slots=True)
class EmergencyOrder:
    """A government's order that may ask lawful assistance in its area, for its matters, until it ends."""

    id: int
    number: str
    issuer_organisation_id: str
    area_id: str
    matters: frozenset[str]
    from_at: datetime
    ends_at: datetime

    def covers(self, receiver: Organisation, matter: str, at: datetime) -> bool:
        return matter in self.matters and self.area_id in receiver.area_path and self.from_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants a committee to do something.

    `origin` is whose matter it is, kept when a subdistrict passes it on; `issuer` is who asks.
    """

    receiver: Organisation
    issuer: Organisation
    origin: Organisation
    means: Means
    matter: str
    own_duty: bool  # The matter is among the origin's own duties (权责清单).
    package: Package = NO_PACKAGE
    order: EmergencyOrder | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says: in which form the wish may pass, or every reason why not, the gravest first."""

    form: Form | None
    codes: tuple[Art45, ...] = ()
    missing: tuple[Support, ...] = ()
    item: AdmissionItem | None = None

    @property
    def allowed(self) -> bool:
        return self.form is not None


def _said(text: str | None) -> str:
    return (text or "").strip()
