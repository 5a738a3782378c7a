"""Who may do what with a report upward: the desk writes and sends, its leader or a supervisor approves."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from dispatcher.accounts.model import User, UserRole


class Party(StrEnum):
    """In which part somebody acts."""

    DESK = "desk"  # duty officers and shift leaders of the place
    APPROVER = "approver"  # shift leaders and supervisors of the place; never who wrote it


_ROLES: Final = {
    Party.DESK: frozenset({UserRole.DUTY_OFFICER, UserRole.SHIFT_LEADER}),
    Party.APPROVER: frozenset({UserRole.SHIFT_LEADER, UserRole.SUPERVISOR}),
}


def stands_as(user: User, party: Party, area_path: Sequence[str]) -> bool:
    """Whether the user may act in this part."""
    return bool(user.roles & _ROLES[party]) and (user.sees_everything or user.area_id in area_path)
