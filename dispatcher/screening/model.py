"""The words of screening: the states of a hazard and of a round, what an inspector finds, and what is asked for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

from dispatcher.accounts.model import User

HazardId = NewType("HazardId", int)
RoundId = NewType("RoundId", int)
PlanId = NewType("PlanId", int)

GRAVEST: Final = 1
GRAVE: Final = 2
"""A level of 1 or 2 is decided by a supervisor and ended by a joint rectification alone."""


class HazardState(StrEnum):
    """Equal to the SQL enum `hazard_state`."""

    OPEN = "open"  # 待处置: known, nothing decided yet
    UNDER_RECTIFICATION = "under_rectification"  # 整治中: a joint ticket works on it
    RECTIFIED = "rectified"  # 已整改: closed out at the lowest level, look-backs still to come
    RELAPSED = "relapsed"  # 反弹: it is back
    ACCEPTED_RESIDUAL = "accepted_residual"  # 接受残余风险: what is left was accepted by name
    CLOSED = "closed"  # 已销号


class InspectionState(StrEnum):
    """Equal to the SQL enum `inspection_state`."""

    DUE = "due"  # 待排查: to be carried out, late or not
    REPORTED = "reported"  # 已上报: every item was looked at, or skipped with a reason
    CANCELLED = "cancelled"  # 已取消


class FindingOutcome(StrEnum):
    """Equal to the SQL enum `finding_outcome`."""

    IN_ORDER = "in_order"  # 正常
    HAZARD = "hazard"  # 发现隐患
    SKIPPED = "skipped"  # 未查: with a reason


@dataclass(frozen=True, slots=True)
class By:
    """Who did something, as the record names them: a user, or a rule of the platform."""

    actor: str
    name: str
    organisation_id: str | None

    @classmethod
    def user(cls, user: User) -> "By":
        return cls(user.actor, user.zh_name, user.organisation_id)

    @classmethod
    def rule(cls, name: str) -> "By":
        return cls(f"rule:{name}", f"rule:{name}", None)


@dataclass(frozen=True, slots=True)
class Factors:
    """What an inspector judged: the three factors of LEC and, where it was asked, a cell of the matrix."""

    likelihood: Decimal
    exposure: Decimal
    consequence: Decimal
    cell: tuple[int, int] | None = None  # (consequence, likelihood), 1..5 each

    @property
    def product(self) -> Decimal:
        """D = L x E x C, exact."""
        return self.likelihood * self.exposure * self.consequence


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardDraft:
    """What a hazard is registered with."""

    kind: str
    area_id: str
    place: str
    description: str
    lon: float | None = None
    lat: float | None = None
    subject: str | None = None
    device_id: int | None = None
    plan_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """A hazard as the rules see it."""

    id: HazardId
    number: str
    kind: str
    area_id: str
    area_path: tuple[str, ...]
    place: str
    subject: str | None
    lon: float | None
    lat: float | None
    state: HazardState
    version: int
    level: int  # of its newest assessment
    residual_level: int | None  # what the inspection of its joint ticket left
    assessment: int
    case_id: int | None
    ticket_id: int | None
    plan_id: int | None
    review_at: datetime | None

    @property
    def standing_level(self) -> int:
        """How bad it is now: what was left, where somebody worked on it since the newest assessment."""
        return self.level if self.residual_level is None else self.residual_level
