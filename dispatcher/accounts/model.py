"""A user, the roles a user may have, and a session."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from registry.organisations import OrganisationKind

UserId = NewType("UserId", int)


class UserRole(StrEnum):
    """What a user may do; the members equal the SQL type `user_role`."""

    CALL_TAKER = "call_taker"  # 受理员: takes calls, accepts or refuses.
    DUTY_OFFICER = "duty_officer"  # 值班员: grades, dispatches, decides small returns.
    SHIFT_LEADER = "shift_leader"  # 值班长: overrides, voids, decides returns of grades I and II.
    DEPT_HANDLER = "dept_handler"  # 承办人: signs and works on what its organisation was assigned.
    DEPT_HEAD = "dept_head"  # 承办单位负责人: as the handler; requests returns.
    FIELD_UNIT = "field_unit"  # 处置力量: on the way, on scene, controlled.
    VERIFIER = "verifier"  # 核查员: checks the result; never of the handling unit.
    CALLBACK_AGENT = "callback_agent"  # 回访员: asks the reporter.
    SUPERVISOR = "supervisor"  # 督查督办: supervision and last arbitration.
    COMMITTEE = "committee"  # 村(居)民委员会: sees its own area, never reporters.
    SUBDISTRICT = "subdistrict"  # 街道办: coordinates in its area.
    AUDITOR = "auditor"  # 审计: reads, changes nothing.
    ENGINEER = "engineer"  # 运维工程师: devices, clock, quarantine; no action on tickets.
    DISCLOSURE_EDITOR = "disclosure_editor"  # 公开编辑: writes and redacts what is made public.
    DISCLOSURE_APPROVER = "disclosure_approver"  # 公开审核: the second person, who approves and publishes.


# Those who live or work next door to whoever reported (ruling A11).
_NEIGHBOURS: Final = frozenset(
    {
        OrganisationKind.COMMITTEE,
        OrganisationKind.PROPERTY_MANAGER,
        OrganisationKind.OWNERS_COMMITTEE,
        OrganisationKind.COURTYARD_BODY,
    }
)


@dataclass(frozen=True, slots=True)
class User:
    """A person with a log-in; sees `area_id` and what lies in it, and the tickets of the organisation."""

    id: UserId
    login: str
    zh_name: str
    roles: frozenset[UserRole]
    organisation_id: str | None
    area_id: str
    sees_everything: bool  # The area is the root: also what lies in no area is seen.
    enabled: bool
    organisation_kind: OrganisationKind | None = None

    @property
    def may_know_reporters(self) -> bool:
        """Whether reports of residents may be shown at all, masked; committees and property managers never see them."""
        return self.organisation_kind not in _NEIGHBOURS and UserRole.COMMITTEE not in self.roles

    @property
    def scope(self) -> str | None:
        """The area that bounds what the user sees; None where nothing bounds it."""
        return None if self.sees_everything else self.area_id

    @property
    def actor(self) -> str:
        """How the record names the user."""
        return f"user:{self.id}"


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session as it is told once, at log-in: only the hash of the token is kept."""

    token: str
    expires_at: datetime
    user: User


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who a valid token belongs to."""

    user: User
    token_hash: bytes
    browser: bool
