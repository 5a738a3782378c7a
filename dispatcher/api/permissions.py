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
    PROPOSE_RECTIFICATIONS = "propose_rectifications"  # Propose a joint rectification.
    TAKE_CALLS = "take_calls"  # Enter a call of a resident.
    READ_CALLS = "read_calls"  # Read a call, the caller masked.
    FOLLOW_STREAM = "follow_stream"  # The live stream.
    READ_RATES = "read_rates"  # What happens too often and where: counts, findings, hot spots, proposals.
    READ_ADMISSIONS = "read_admissions"  # Art. 45: offers, receipts, applications, Art. 48 cases; each in its scope.
    ASK_COMMITTEES = "ask_committees"  # Bring a wish before the gate of Art. 45.
    ACT_ON_ADMISSIONS = "act_on_admissions"  # Whether a single action is allowed, the procedure decides.
    APPLY_FOR_ADMISSION = "apply_for_admission"  # A department applies for a matter.
    PUBLISH_LISTS = "publish_lists"  # The government's lists and emergency orders.
    ALLEGE_TRANSFER = "allege_transfer"  # Say that work reached a committee unlawfully.
    RESHAPE_INCIDENTS = "reshape_incidents"  # Split and merge incidents.
    GRADE_INCIDENTS = "grade_incidents"  # Set a grade over the computed one; say what a person found who looked.
    READ_QUARANTINE = "read_quarantine"  # Look at refused messages.
    DECIDE_QUARANTINE = "decide_quarantine"  # Discard them.
    REGISTER_DEVICES = "register_devices"  # Add and revoke devices.
    READ_RULES = "read_rules"  # Versions of the rules and their trials.
    CHANGE_RULES = "change_rules"  # Add versions, try them, put them in force.
    READ_CLOCK = "read_clock"  # Also without a log-in: simulators follow it.
    MOVE_CLOCK = "move_clock"  # Advance the simulated time of an exercise.


_EVERYBODY_LOGGED_IN: Final = (
    Permission.OWN_SESSION,
    Permission.READ_REGISTRY,
    Permission.READ_RECORD,
    Permission.READ_TICKETS,
    Permission.FOLLOW_STREAM,
    Permission.READ_RATES,
)

_ADMISSIONS: Final = frozenset(
    {
        UserRole.DUTY_OFFICER,
        UserRole.SHIFT_LEADER,
        UserRole.DEPT_HANDLER,
        UserRole.DEPT_HEAD,
        UserRole.SUPERVISOR,
        UserRole.COMMITTEE,
        UserRole.SUBDISTRICT,
    }
)

GRANTS: Final[Mapping[Permission, frozenset[UserRole]]] = MappingProxyType(
    {
        **dict.fromkeys(_EVERYBODY_LOGGED_IN, ALL_ROLES),
        Permission.ACT_ON_TICKETS: ALL_ROLES - {UserRole.AUDITOR, UserRole.ENGINEER},
        Permission.PROPOSE_RECTIFICATIONS: frozenset(
            {
                UserRole.DUTY_OFFICER,
                UserRole.SHIFT_LEADER,
                UserRole.SUBDISTRICT,
                UserRole.SUPERVISOR,
                UserRole.COMMITTEE,
            }
        ),
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
        Permission.READ_ADMISSIONS: _ADMISSIONS | {UserRole.AUDITOR},
        # The gate itself says no to whoever may not: an attempt leaves its receipt.
        Permission.ASK_COMMITTEES: _ADMISSIONS,
        Permission.ACT_ON_ADMISSIONS: frozenset(
            {UserRole.COMMITTEE, UserRole.SUBDISTRICT, UserRole.SUPERVISOR, UserRole.DEPT_HEAD}
        ),
        Permission.APPLY_FOR_ADMISSION: frozenset({UserRole.DEPT_HEAD}),
        Permission.PUBLISH_LISTS: frozenset({UserRole.SUPERVISOR}),
        Permission.ALLEGE_TRANSFER: frozenset({UserRole.COMMITTEE, UserRole.SUPERVISOR}),
        Permission.RESHAPE_INCIDENTS: frozenset({UserRole.SHIFT_LEADER, UserRole.DUTY_OFFICER}),
        # A milder grade than the computed one takes a shift leader (handlers/explanations.py).
        Permission.GRADE_INCIDENTS: frozenset({UserRole.DUTY_OFFICER, UserRole.SHIFT_LEADER}),
        Permission.READ_QUARANTINE: frozenset({UserRole.ENGINEER, UserRole.AUDITOR}),
        Permission.DECIDE_QUARANTINE: frozenset({UserRole.ENGINEER}),
        Permission.REGISTER_DEVICES: frozenset({UserRole.ENGINEER}),
        Permission.READ_RULES: frozenset({UserRole.ENGINEER, UserRole.SUPERVISOR, UserRole.AUDITOR}),
        Permission.CHANGE_RULES: frozenset({UserRole.ENGINEER, UserRole.SUPERVISOR}),
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
