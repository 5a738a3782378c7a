"""What the rows of both tables share: groups of states and roles, fields, and sets of guards."""

from typing import Final

from dispatcher.tickets.grammar import Field, FieldType, Guard
from dispatcher.tickets.model import Role, TicketState

S: Final = TicketState
R: Final = Role

NOT_STARTED: Final = (S.NEW, S.VERIFYING_FACT)
AT_WORK: Final = (S.ACKNOWLEDGED, S.EN_ROUTE, S.ON_SCENE, S.CONTROLLED, S.REWORK)
DISPUTED: Final = (S.RETURN_REQUESTED, S.ARBITRATION)
# From the acceptance to the result: what the public clock counts, and what may be suspended, extended or converted.
IN_HAND: Final = (S.ACCEPTED, S.DISPATCHED, *DISPUTED, *AT_WORK, S.SUSPENDED)
CALL_OPEN: Final = (*NOT_STARTED, *IN_HAND, S.RESOLVED, S.VERIFYING, S.AWAITING_CALLBACK)
CALL_STATES: Final = (*CALL_OPEN, S.NOT_ACCEPTED, S.ANSWERED, S.MERGED, S.CLOSED, S.VOIDED)

PREPARED: Final = (S.ADMITTED, S.LEAD_ASSIGNED, S.CO_SIGNING, S.ARBITRATION, S.PLANNING, S.PLAN_REVIEW)
RECTIFIED: Final = (S.IN_PROGRESS, S.REWORK)
JOINT_OPEN: Final = (
    S.PROPOSED,
    *PREPARED,
    *RECTIFIED,
    S.SUSPENDED,
    S.REPORTED_COMPLETE,
    S.INSPECTION,
    S.PUBLICITY,
    S.LOOK_BACK,
    S.RELAPSED,
)
JOINT_STATES: Final = (*JOINT_OPEN, S.REJECTED, S.MERGED, S.CLOSED_OUT, S.VOIDED)

UNIT_ROLES: Final = (R.DEPT_HANDLER, R.DEPT_HEAD, R.FIELD_UNIT)
DESK_ROLES: Final = (R.DUTY_OFFICER, R.SHIFT_LEADER)
SIGNERS: Final = (R.DEPT_HANDLER, R.DEPT_HEAD, *DESK_ROLES)
DECIDERS: Final = (R.SUBDISTRICT, R.SUPERVISOR)
# Who may write a note without being of a unit of the ticket.
NO_NOTES: Final = {R.AUDITOR, R.ENGINEER, R.COMMITTEE, R.DISCLOSURE_EDITOR, R.DISCLOSURE_APPROVER, *UNIT_ROLES}
NOTE_ROLES: Final = tuple(role for role in R if role not in NO_NOTES)

DEMANDS: Final = ("consultation", "help", "suggestion", "complaint", "report", "praise")
REFUSALS: Final = ("other_legal_channel", "repeated", "outside_area", "secret", "malicious")
SUSPENSIONS: Final = ("weather", "third_party_utility", "legal_procedure", "owner_consent", "season", "funds_planned")
VOIDS: Final = ("test", "proven_false", "sensor_fault", "withdrawn")
RELATIONS: Final = ("parent", "child", "cause", "consequence", "neighbour")
_ID_MAX: Final = 2**63 - 1


def text(name: str, *, required: bool = True) -> Field:
    return Field(name=name, type=FieldType.TEXT, required=required)


def choice(name: str, choices: tuple[str, ...], *, required: bool = True) -> Field:
    return Field(name=name, type=FieldType.CHOICE, required=required, choices=choices)


def number(name: str, minimum: int, maximum: int, *, required: bool = True) -> Field:
    return Field(name=name, type=FieldType.INTEGER, required=required, minimum=minimum, maximum=maximum)


def row_id(name: str, *, required: bool = True) -> Field:
    return number(name, 1, _ID_MAX, required=required)


def organisation(name: str, *, required: bool = True) -> Field:
    return Field(name=name, type=FieldType.ORGANISATION, required=required)


LEAD: Final = organisation("lead")
CO: Final = Field(name="co", type=FieldType.ORGANISATIONS, required=False)
INJURED: Final = number("injured", 0, 10_000, required=False)
CALL: Final = row_id("call_id", required=False)
DEMAND: Final = choice("demand", DEMANDS, required=False)
BASIS: Final = text("basis")
LEGAL_BASIS: Final = text("legal_basis")
SUGGESTED: Final = organisation("suggested_unit")
# A time noted down later than it was; the record shows it as manual.
HAPPENED_AT: Final = Field(name="happened_at", type=FieldType.TIME, required=False)
EVIDENCE: Final = text("evidence", required=False)
ATTACHMENTS: Final = Field(name="attachments", type=FieldType.ATTACHMENTS, required=False)
SUBTASK: Final = number("subtask", 1, 1000)
DAYS: Final = number("days", 1, 60)

NAMED_UNITS: Final = (Guard.KNOWN_ORGANISATION, Guard.ONE_LEAD, Guard.ART45, Guard.LEAD_NOT_COMPLAINED_OF)
INDEPENDENT: Final = (Guard.NOT_OF_HANDLING_UNIT, Guard.NOT_OF_UNIT_COMPLAINED_OF)
CITES: Final = (Guard.ATTACHMENT_KNOWN,)
PROVES: Final = (Guard.ATTACHMENT_KNOWN, Guard.PHOTO_NOT_REUSED, Guard.PHOTOS_SUFFICIENT)
