"""Which role may use which route: every route names one permission, and what is named nowhere is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dispatcher.accountability.procedures import HEADS
from dispatcher.accounts.model import UserRole
from dispatcher.screening.lifecycle import INSPECTORS, PROPOSERS

ALL_ROLES: Final = frozenset(UserRole)


class Permission(StrEnum):
    """What a route asks of its caller."""

    PUBLIC = "public"  # Nobody needs to be logged in.
    OWN_SESSION = "own_session"  # Anybody who is logged in, about themselves.
    READ_REGISTRY = "read_registry"  # What exists: areas, organisations, kinds, devices.
    READ_RECORD = "read_record"  # What came in and what was found: events, readings, incidents, conservation.
    READ_TICKETS = "read_tickets"  # Tickets of one's area or organisation.
    ACT_ON_TICKETS = "act_on_tickets"  # Whether a single action is allowed, the state machine decides.
    HOLD_TICKETS = "hold_tickets"  # Hand a ticket on inside one's own unit.
    READ_EXPORTS = "read_exports"  # Who took which lists out of the system.
    ATTACH_FILES = "attach_files"  # Upload photos and documents.
    READ_ATTACHMENTS = "read_attachments"  # Those of what one sees, one's own and one's unit's.
    PROPOSE_RECTIFICATIONS = "propose_rectifications"  # Propose a joint rectification.
    TAKE_CALLS = "take_calls"  # Enter a call of a resident.
    READ_CALLS = "read_calls"  # Read a call, the caller masked.
    CALL_BACK = "call_back"  # Take call-backs, see whom to call, say how it went.
    RELEASE_CALL_BACKS = "release_call_backs"  # Give a call-back back, or take it from an agent who is gone.
    RE_CHECK = "re_check"  # Look again at a sample of voids and downgrades.
    READ_KNOWLEDGE = "read_knowledge"  # Articles for answers, legal bases of refusals.
    WRITE_KNOWLEDGE = "write_knowledge"  # Add and end versions of articles.
    FOLLOW_STREAM = "follow_stream"  # The live stream.
    READ_RATES = "read_rates"  # What happens too often and where: counts, findings, hot spots, proposals.
    READ_KPI = "read_kpi"  # Indicators, schemes and scores of units; nobody's name stands in them.
    CHANGE_KPI = "change_kpi"  # Schemes, scores, surveys, and what is left out as unreasonable.
    READ_ADMISSIONS = "read_admissions"  # Art. 45: offers, receipts, applications, Art. 48 cases; each in its scope.
    ASK_COMMITTEES = "ask_committees"  # Bring a wish before the gate of Art. 45.
    ACT_ON_ADMISSIONS = "act_on_admissions"  # Whether a single action is allowed, the procedure decides.
    APPLY_FOR_ADMISSION = "apply_for_admission"  # A department applies for a matter.
    PUBLISH_LISTS = "publish_lists"  # The government's lists and emergency orders.
    ALLEGE_TRANSFER = "allege_transfer"  # Say that work reached a committee unlawfully.
    READ_DISCLOSURES = "read_disclosures"  # Art. 44: drafts and what came of them; each in its scope.
    ACT_ON_DISCLOSURES = "act_on_disclosures"  # Whether a single action is allowed, the procedure decides.
    FIND_ON_DUTIES = "find_on_duties"  # Art. 49: what followed where a committee made nothing public.
    READ_ACCOUNTABILITY = "read_accountability"  # Breaches, files, petitions: each to who must know.
    ACT_ON_ACCOUNTABILITY = "act_on_accountability"  # Whether a single action is allowed, the procedure decides.
    DECIDE_ACCOUNTABILITY = "decide_accountability"  # Open a file, take its bundle out.
    TAKE_PETITIONS = "take_petitions"  # Take in what somebody says of an organ.
    READ_HANDOVERS = "read_handovers"  # Calls to emergency services, reports upward.
    CALL_SERVICES = "call_services"  # Call 110, 119, 120 and 122; enter what they say.
    REPORT_UPWARD = "report_upward"  # Write, approve and send; the procedure says who which.
    READ_ROSTERS = "read_rosters"  # Who is on duty and who was told, in one's area and organisation.
    KEEP_ROSTERS = "keep_rosters"  # Contacts, rotations, overrides of one's own organisation.
    ANSWER_PAGES = "answer_pages"  # Pages of one's organisation, tests and swaps of one's own.
    READ_EVALUATIONS = "read_evaluations"  # Art. 46; each sees its part, the assessed unit no names.
    EVALUATE = "evaluate"  # A committee drafts an evaluation.
    ACT_ON_EVALUATIONS = "act_on_evaluations"  # Whether a single action is allowed, the procedure decides.
    HEAR_COMMITTEES = "hear_committees"  # Record what a committee said of an organ.
    ASSESS_ORGANS = "assess_organs"  # Open and conclude assessments.
    RESHAPE_INCIDENTS = "reshape_incidents"  # Split and merge incidents.
    GRADE_INCIDENTS = "grade_incidents"  # Set a grade over the computed one; say what a person found who looked.
    READ_HAZARDS = "read_hazards"  # The hazard register and inspection rounds, each in its scope.
    INSPECT = "inspect"  # Register and assess hazards, work on rounds; whether a decision is allowed, its table says.
    PLAN_INSPECTIONS = "plan_inspections"  # Give rounds to a unit, call them off; through the gate of Art. 45.
    READ_QUARANTINE = "read_quarantine"  # Look at refused messages.
    DECIDE_QUARANTINE = "decide_quarantine"  # Discard them.
    REGISTER_DEVICES = "register_devices"  # Add and revoke devices.
    READ_RULES = "read_rules"  # Versions of the rules and their trials.
    CHANGE_RULES = "change_rules"  # Add versions, try them, put them in force.
    READ_MESSAGES = "read_messages"  # What people were told: one's own, one's organisation's; the desk its area's.
    KEEP_CONTACT_POINTS = "keep_contact_points"  # Where one can be told; heads for their organisation.
    READ_CLOCK = "read_clock"  # Also without a log-in: simulators follow it.
    MOVE_CLOCK = "move_clock"  # Advance the simulated time of an exercise.


_EVERYBODY_LOGGED_IN: Final = (
    Permission.OWN_SESSION,
    Permission.READ_REGISTRY,
    Permission.READ_RECORD,
    Permission.READ_TICKETS,
    Permission.READ_ATTACHMENTS,
    Permission.FOLLOW_STREAM,
    Permission.READ_RATES,
    Permission.READ_KPI,
    Permission.READ_HAZARDS,
    Permission.READ_KNOWLEDGE,
    Permission.READ_MESSAGES,
    Permission.KEEP_CONTACT_POINTS,
)

_DESK: Final = frozenset({UserRole.DUTY_OFFICER, UserRole.SHIFT_LEADER})

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

_OPENNESS: Final = frozenset({UserRole.DISCLOSURE_EDITOR, UserRole.DISCLOSURE_APPROVER, UserRole.COMMITTEE})

_EVALUATING: Final = frozenset(
    {UserRole.COMMITTEE, UserRole.DEPT_HEAD, UserRole.DEPT_HANDLER, UserRole.SUBDISTRICT, UserRole.SUPERVISOR}
)

GRANTS: Final[Mapping[Permission, frozenset[UserRole]]] = MappingProxyType(
    {
        **dict.fromkeys(_EVERYBODY_LOGGED_IN, ALL_ROLES),
        Permission.HOLD_TICKETS: frozenset(
            {
                UserRole.DEPT_HANDLER,
                UserRole.DEPT_HEAD,
                UserRole.DUTY_OFFICER,
                UserRole.SHIFT_LEADER,
                UserRole.SUBDISTRICT,
                UserRole.VERIFIER,
            }
        ),
        Permission.READ_EXPORTS: frozenset({UserRole.AUDITOR, UserRole.SUPERVISOR}),
        Permission.ATTACH_FILES: ALL_ROLES - {UserRole.AUDITOR, UserRole.ENGINEER},
        Permission.ACT_ON_TICKETS: ALL_ROLES
        - {UserRole.AUDITOR, UserRole.ENGINEER, UserRole.DISCLOSURE_EDITOR, UserRole.DISCLOSURE_APPROVER},
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
        Permission.CALL_BACK: frozenset({UserRole.CALLBACK_AGENT}),
        Permission.RELEASE_CALL_BACKS: frozenset({UserRole.CALLBACK_AGENT, UserRole.SHIFT_LEADER, UserRole.SUPERVISOR}),
        Permission.RE_CHECK: frozenset({UserRole.VERIFIER, UserRole.SUPERVISOR}),
        Permission.WRITE_KNOWLEDGE: frozenset({UserRole.SHIFT_LEADER, UserRole.SUPERVISOR}),
        Permission.READ_ADMISSIONS: _ADMISSIONS | {UserRole.AUDITOR},
        # The gate itself says no to whoever may not: an attempt leaves its receipt.
        Permission.ASK_COMMITTEES: _ADMISSIONS,
        Permission.ACT_ON_ADMISSIONS: frozenset(
            {UserRole.COMMITTEE, UserRole.SUBDISTRICT, UserRole.SUPERVISOR, UserRole.DEPT_HEAD}
        ),
        Permission.APPLY_FOR_ADMISSION: frozenset({UserRole.DEPT_HEAD}),
        Permission.PUBLISH_LISTS: frozenset({UserRole.SUPERVISOR}),
        Permission.CHANGE_KPI: frozenset({UserRole.SUPERVISOR}),
        Permission.ALLEGE_TRANSFER: frozenset({UserRole.COMMITTEE, UserRole.SUPERVISOR}),
        Permission.READ_DISCLOSURES: _OPENNESS
        | {UserRole.SUPERVISOR, UserRole.AUDITOR, UserRole.DEPT_HEAD, UserRole.SUBDISTRICT},
        Permission.ACT_ON_DISCLOSURES: _OPENNESS,
        Permission.FIND_ON_DUTIES: frozenset({UserRole.COMMITTEE, UserRole.SUBDISTRICT, UserRole.SUPERVISOR}),
        Permission.READ_ACCOUNTABILITY: HEADS | {UserRole.SUPERVISOR, UserRole.AUDITOR},
        Permission.ACT_ON_ACCOUNTABILITY: HEADS | {UserRole.SUPERVISOR},
        Permission.DECIDE_ACCOUNTABILITY: frozenset({UserRole.SUPERVISOR}),
        Permission.TAKE_PETITIONS: HEADS | {UserRole.CALL_TAKER, UserRole.SUPERVISOR},
        Permission.READ_HANDOVERS: _DESK | {UserRole.SUPERVISOR, UserRole.AUDITOR},
        Permission.CALL_SERVICES: _DESK,
        Permission.REPORT_UPWARD: _DESK | {UserRole.SUPERVISOR},
        Permission.READ_EVALUATIONS: _EVALUATING | {UserRole.AUDITOR},
        Permission.EVALUATE: frozenset({UserRole.COMMITTEE}),
        Permission.ACT_ON_EVALUATIONS: _EVALUATING,
        Permission.HEAR_COMMITTEES: frozenset({UserRole.COMMITTEE, UserRole.SUPERVISOR}),
        Permission.ASSESS_ORGANS: frozenset({UserRole.SUPERVISOR}),
        Permission.RESHAPE_INCIDENTS: frozenset({UserRole.SHIFT_LEADER, UserRole.DUTY_OFFICER}),
        # A milder grade than the computed one takes a shift leader (handlers/explanations.py).
        Permission.GRADE_INCIDENTS: frozenset({UserRole.DUTY_OFFICER, UserRole.SHIFT_LEADER}),
        # Never a residents' committee: inspection is work that Art. 45 keeps from it.
        Permission.INSPECT: INSPECTORS,
        Permission.PLAN_INSPECTIONS: PROPOSERS | {UserRole.DEPT_HEAD},
        # A committee is under nobody's order: nobody rosters it, and it watches over nobody's duty.
        Permission.READ_ROSTERS: ALL_ROLES - {UserRole.COMMITTEE},
        Permission.KEEP_ROSTERS: frozenset(
            {UserRole.DEPT_HEAD, UserRole.SHIFT_LEADER, UserRole.SUBDISTRICT, UserRole.SUPERVISOR}
        ),
        Permission.ANSWER_PAGES: ALL_ROLES - {UserRole.COMMITTEE, UserRole.AUDITOR, UserRole.ENGINEER},
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


def granted(roles: frozenset[UserRole]) -> list[Permission]:
    """Everything that somebody with these roles may do, in the order of the members."""
    return [permission for permission in Permission if holds(permission, roles)]
