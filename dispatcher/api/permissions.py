"""Which role may use which route: every route names one permission, and what is named nowhere is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dispatcher.accounts.model import UserRole

ALL_ROLES: Final = frozenset(UserRole)


class Permission(StrEnum):
    """What a route asks of its caller."""

    PUBLIC = "public"  # Nobody needs to be logged in.
    OWN_SESSION = "own_session"  # Anybody who is logged in, about themselves.
    READ_REGISTRY = "read_registry"  # What exists: areas, organisations, kinds, devices.
    READ_RECORD = "read_record"  # What came in and what was found: events, readings, incidents, conservation.
    READ_TICKETS = "read_tickets"  # Tickets of one's area or organisation.
    ACT_ON_TICKETS = "act_on_tickets"  # Whether a single action is allowed, the state machine decides.
    TAKE_CALLS = "take_calls"  # Enter a call of a resident.
    READ_CALLS = "read_calls"  # Read a call, the caller masked.
    FOLLOW_STREAM = "follow_stream"  # The live stream.
    READ_QUARANTINE = "read_quarantine"  # Look at refused messages.
    DECIDE_QUARANTINE = "decide_quarantine"  # Discard them.
    REGISTER_DEVICES = "register_devices"  # Add and revoke devices.
    READ_CLOCK = "read_clock"  # Also without a log-in: simulators follow it.
    MOVE_CLOCK = "move_clock"  # Advance the simulated time of an exercise.


_EVERYBODY_LOGGED_IN: Final = (
    Permission.OWN_SESSION,
    Permission.READ_REGISTRY,
    Permission.READ_RECORD,
    Permission.READ_TICKETS,
    Permission.FOLLOW_STREAM,
)

GRANTS: Final[Mapping[Permission, frozenset[UserRole]]] = MappingProxyType(
    {
        **dict.fromkeys(_EVERYBODY_LOGGED_IN, ALL_ROLES),
        Permission.ACT_ON_TICKETS: ALL_ROLES - {UserRole.AUDITOR, UserRole.ENGINEER},
        # The simulators of an exercise log in as a call taker, as a hotline system would.
        Permission.TAKE_CALLS: frozenset({UserRole.CALL_TAKER, UserRole.DUTY_OFFICER, UserRole.SHIFT_LEADER}),
        # Committees, property managers and handling units never see reporters.
        Permission.READ_CALLS: frozenset(
            {
                UserRole.CALL_TAKER,
                UserRole.DUTY_OFFICER,
                UserRole.SHIFT_LEADER,
                UserRole.CALLBACK_AGENT,
                UserRole.SUPERVISOR,
                UserRole.AUDITOR,
            }
        ),
        Permission.READ_QUARANTINE: frozenset({UserRole.ENGINEER, UserRole.AUDITOR}),
        Permission.DECIDE_QUARANTINE: frozenset({UserRole.ENGINEER}),
        Permission.REGISTER_DEVICES: frozenset({UserRole.ENGINEER}),
        Permission.MOVE_CLOCK: frozenset({UserRole.ENGINEER}),
    }
)
"""The roles that hold a permission. PUBLIC and READ_CLOCK need none and are not listed."""

OPEN_TO_ALL: Final = frozenset({Permission.PUBLIC, Permission.READ_CLOCK})


def holds(permission: Permission, roles: frozenset[UserRole]) -> bool:
    """Whether somebody with these roles may use routes of this permission; nothing granted means no."""
    return permission in OPEN_TO_ALL or bool(GRANTS.get(permission, frozenset()) & roles)


def roles_that_hold(permission: Permission) -> tuple[UserRole, ...]:
    """The roles that would do, in the order of the glossary."""
    granted = GRANTS.get(permission, frozenset())
    return tuple(role for role in UserRole if role in granted)
