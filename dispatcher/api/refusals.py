"""Turns every error into its problem document: the one place where errors get status and code."""

from collections.abc import Callable
from typing import Any, Final

import asyncpg
from aiohttp import web
from pydantic import ValidationError

from dispatcher.accountability.errors import FileStands, TooLate
from dispatcher.accounts.errors import CredentialsWrong, TooManyAttempts
from dispatcher.accounts.model import UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Refusal
from dispatcher.api import errors
from dispatcher.api.cursors import CursorInvalid
from dispatcher.api.models.problems import FieldError, Problem, ProblemCode, Winner
from dispatcher.api.titles import problem
from dispatcher.attachments.errors import AttachmentUnknown, UploadRefusal, UploadRefused
from dispatcher.channels.errors import (
    ContactPointNotFound,
    ContactPointRefused,
    MessageNotFound,
    ReceiptUnknown,
    ReceiptUnsigned,
)
from dispatcher.desk.errors import SOMEBODY_WAS_FIRST, CitationUnknown, DeskRefused, DeskUnknown, OrderRefused
from dispatcher.escalation.errors import NotOfThePage, PageNotFound, TestNotFound
from dispatcher.handovers.errors import HandoverStands, SignatureWrong
from dispatcher.incidents.errors import IncidentOutpaced, ReshapeRefusal, ReshapeRefused
from dispatcher.incidents.grades.officers import MilderNeedsShiftLeader
from dispatcher.indicators.errors import DecisionRefused, SchemeNotFound, SchemeRefused, SurveyRefused
from dispatcher.patterns.modes import ModeUnchanged, PatternUnknown
from dispatcher.rules.errors import ActivationRefused, RulesInvalid, RulesStandAlready, RulesUnknown
from dispatcher.rules.findings import Weight
from dispatcher.screening.errors import (
    HazardRefused,
    HazardStands,
    MilderNeedsDecider,
    NotOfTheUnit,
    PlanStands,
    RoundEnded,
    RoundUnfinished,
    ScreeningFieldRefused,
    ScreeningNotFound,
    ScreeningOutpaced,
)
from dispatcher.screening.lifecycle import Refusal as HazardRefusal
from dispatcher.tickets.errors import ActionRefused, TicketNotFound, VersionConflict
from dispatcher.tickets.holding import HoldingRefused
from dispatcher.tickets.proposals import ProposalDecided, ProposalNotFound
from dispatcher.tickets.reading import CursorInvalid as TicketCursorInvalid
from dispatcher.tickets.refusing import RefusalReason
from registry.devices import DeviceRefused
from registry.rosters.errors import RosterNotFound, RosterRefused, SwapSettled
from runtime.clock import ClockMovedBackwards

_RULE_ERRORS_MAX: Final = 100

# What says that the database is away, going or busy, rather than that a statement was wrong.
DATABASE_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    ConnectionError,
    TimeoutError,
    FileNotFoundError,
)


def refusal_of(error: Exception) -> Problem | None:
    """The problem that an error is told as; None for a fault of ours."""
    for kind, tell in _TOLD_AS:
        if isinstance(error, kind):
            return tell(error)
    if isinstance(error, DATABASE_AWAY):
        return problem(ProblemCode.DATABASE_UNAVAILABLE, "Nothing was changed; try again.")
    return None


def _forbidden(error: errors.Forbidden) -> Problem:
    roles = [str(role) for role in error.roles]
    if error.area_id is not None:
        return problem(ProblemCode.FORBIDDEN, f"Needs rights in the area {error.area_id}.", missing_area=error.area_id)
    return problem(
        ProblemCode.FORBIDDEN,
        f"Needs the role {' or '.join(roles)}." if roles else "",
        missing_role=roles[0] if roles else None,
        any_of=roles or None,
    )


def _invalid(error: ValidationError) -> Problem:
    found = [
        FieldError(loc=list(one["loc"]), msg=one["msg"], type=one["type"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)[:20]
    ]
    return problem(ProblemCode.INVALID_REQUEST, f"{error.error_count()} errors.", errors=found)


def _incident_outpaced(error: IncidentOutpaced) -> Problem:
    return problem(
        ProblemCode.VERSION_CONFLICT,
        f"The incident changed its shape: it is at version {error.version} now.",
        version=error.version,
        state=error.status,
    )


def _reshape_refused(error: ReshapeRefused) -> Problem:
    match error.refusal:
        case ReshapeRefusal.SETTLED:
            return problem(
                ProblemCode.TRANSITION_NOT_ALLOWED,
                f"Incident {error.incident_id} is {error.status}.",
                state=error.status,
            )
        case ReshapeRefusal.EVENTS_UNKNOWN:
            named = ", ".join(uid.hex() for uid in error.event_uids[:5])
            return _field(("body", "event_uids"), f"not in the incident, or final: {named}")
        case ReshapeRefusal.NOTHING_LEFT:
            return _field(("body", "event_uids"), "all of its events: nothing would be split off")
        case ReshapeRefusal.SAME_INCIDENT:
            return _field(("body", "other_id"), "not another incident")
        case ReshapeRefusal.ACCEPTED_TICKETS | ReshapeRefusal.FLAPPING:
            return problem(
                ProblemCode.GUARD_REFUSED,
                f"Refused by the rule {error.refusal}.",
                guard=str(error.refusal),
                state=error.status,
                tickets=list(error.tickets) or None,
            )


def _field(loc: tuple[str | int, ...], reason: str) -> Problem:
    return problem(
        ProblemCode.INVALID_REQUEST, reason, errors=[FieldError(loc=list(loc), msg=reason, type="value_error")]
    )


def _rules_invalid(error: RulesInvalid) -> Problem:
    found = [
        FieldError(loc=["body", "content", *one.loc], msg=one.en, type=one.code)
        for one in error.findings
        if one.weight is Weight.ERROR
    ]
    return problem(ProblemCode.RULES_INVALID, f"{len(found)} errors.", errors=found[:_RULE_ERRORS_MAX])


def _version_conflict(error: VersionConflict) -> Problem:
    return problem(
        ProblemCode.VERSION_CONFLICT,
        f"{error.actor_name} was first with {error.event}.",
        version=error.version,
        state=error.state,
        winner=Winner(actor_name=error.actor_name, event=error.event, at=error.at),
    )


def _action_refused(error: ActionRefused) -> Problem:
    refused = error.refused
    roles = [str(role) for role in refused.roles]
    match refused.reason:
        case RefusalReason.TRANSITION_NOT_ALLOWED:
            return problem(
                ProblemCode.TRANSITION_NOT_ALLOWED,
                f"A ticket in {refused.state} has no {refused.event}.",
                state=refused.state,
                allowed=[str(event) for event in refused.allowed],
            )
        case RefusalReason.MISSING_ROLE:
            return _forbidden(errors.Forbidden(roles=refused.roles))
        case RefusalReason.MISSING_AREA:
            return problem(ProblemCode.FORBIDDEN, "The ticket lies outside your area.", missing_area="of the ticket")
        case RefusalReason.MISSING_ORGANISATION:
            return problem(
                ProblemCode.FORBIDDEN,
                "Only a unit that was assigned in the right part may do it.",
                missing_organisation=True,
                any_of=roles or None,
            )
        case RefusalReason.GUARD:
            return problem(
                ProblemCode.GUARD_REFUSED,
                f"{refused.event} was refused by the rule {refused.guard}.",
                guard=str(refused.guard),
                state=refused.state,
                elsewhere=list(refused.elsewhere) or None,
            )
        case _:
            loc = ("body", "reason") if refused.field == "reason" else ("body", "fields", refused.field or "")
            return problem(
                ProblemCode.INVALID_REQUEST,
                f"{refused.event}: {refused.reason}",
                errors=[FieldError(loc=list(loc), msg=str(refused.reason), type=str(refused.reason))],
            )


_UPLOADS: Final = {
    UploadRefusal.TOO_LARGE: ProblemCode.FILE_TOO_LARGE,
    UploadRefusal.TOO_MANY_PIXELS: ProblemCode.FILE_TOO_LARGE,
    UploadRefusal.TYPE_UNKNOWN: ProblemCode.FILE_TYPE_REFUSED,
    UploadRefusal.TWO_TYPES_AT_ONCE: ProblemCode.FILE_TYPE_REFUSED,
    UploadRefusal.ACTIVE_CONTENT: ProblemCode.FILE_TYPE_REFUSED,
    UploadRefusal.TOO_MANY_UNUSED: ProblemCode.RATE_LIMITED,
}


def _upload_refused(error: UploadRefused) -> Problem:
    code = _UPLOADS.get(error.reason, ProblemCode.FILE_REFUSED)
    return problem(code, f"The upload is {error.reason}.", upload=str(error.reason), limit=error.limit)


def _outpaced(error: Outpaced) -> Problem:
    return problem(
        ProblemCode.VERSION_CONFLICT,
        f"The {error.subject} is at version {error.version} now.",
        version=error.version,
        state=error.state,
    )


def _desk_refused(error: DeskRefused) -> Problem:
    first = error.refusal in SOMEBODY_WAS_FIRST
    code = ProblemCode.ALREADY_DECIDED if first else ProblemCode.GUARD_REFUSED
    return problem(code, f"Refused by the rule {error.refusal}.", guard=str(error.refusal))


def _act_refused(error: ActRefused) -> Problem:
    refused = error.refused
    match refused.reason:
        case Refusal.NOT_IN_THIS_STATE:
            return problem(
                ProblemCode.TRANSITION_NOT_ALLOWED,
                f"What is {error.state} has no {error.event}.",
                state=error.state,
                allowed=list(refused.allowed),
            )
        case Refusal.NOT_THIS_PARTY:
            return problem(ProblemCode.FORBIDDEN, f"Only the {refused.party} may do it.", missing_organisation=True)
        case Refusal.FIELD_MISSING:
            named = refused.field or ""
            return _field(("body", "reason") if named == "reason" else ("body", "fields", named), "is needed")
        case Refusal.SUPPORT_CONFIRMED:
            return problem(ProblemCode.GUARD_REFUSED, "The support was found to fit.", guard=str(refused.reason))


def _screening_outpaced(error: ScreeningOutpaced) -> Problem:
    return problem(
        ProblemCode.VERSION_CONFLICT,
        f"The {error.what} is at version {error.version} now.",
        version=error.version,
        state=error.state,
    )


def _hazard_refused(error: HazardRefused) -> Problem:
    refused = error.refused
    match refused.reason:
        case HazardRefusal.NOT_IN_THIS_STATE:
            return problem(
                ProblemCode.TRANSITION_NOT_ALLOWED,
                f"A hazard that is {error.state} has no {error.event}.",
                state=error.state,
                allowed=list(refused.allowed),
            )
        case HazardRefusal.MISSING_ROLE:
            return _forbidden(errors.Forbidden(roles=refused.roles))
        case HazardRefusal.MISSING_AREA:
            return problem(ProblemCode.FORBIDDEN, "The hazard lies outside your area.", missing_area="of the hazard")
        case HazardRefusal.FIELD_MISSING:
            return _field(("body", refused.field or ""), "is needed")
        case HazardRefusal.GRAVE_NEEDS_RECTIFICATION | HazardRefusal.GRAVEST_NEVER_ACCEPTED:
            return problem(
                ProblemCode.GUARD_REFUSED, f"Refused by the rule {refused.reason}.", guard=str(refused.reason)
            )


def _http(error: web.HTTPException) -> Problem:
    codes = {
        404: ProblemCode.NOT_FOUND,
        405: ProblemCode.METHOD_NOT_ALLOWED,
        413: ProblemCode.PAYLOAD_TOO_LARGE,
        415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    }
    return problem(codes.get(error.status, ProblemCode.INVALID_REQUEST))


_TOLD_AS: Final[tuple[tuple[type[Exception], Callable[[Any], Problem]], ...]] = (
    (errors.Unauthenticated, lambda _: problem(ProblemCode.UNAUTHENTICATED)),
    (CredentialsWrong, lambda _: problem(ProblemCode.WRONG_CREDENTIALS)),
    (TooManyAttempts, lambda e: problem(ProblemCode.RATE_LIMITED, f"Try again in {e.retry_after_s} s.")),
    (errors.ExportsExhausted, lambda _: problem(ProblemCode.RATE_LIMITED, "Others take lists out just now.")),
    (errors.StreamsExhausted, lambda _: problem(ProblemCode.RATE_LIMITED, "Too many open streams.")),
    (errors.CrossSite, lambda _: problem(ProblemCode.CROSS_SITE)),
    (errors.Forbidden, _forbidden),
    (errors.NotFound, lambda e: problem(ProblemCode.NOT_FOUND, f"No such {e.what}.")),
    (
        errors.Withdrawn,
        lambda e: problem(ProblemCode.WITHDRAWN, e.reason, reason=e.reason, replaced_by=e.replaced_by),
    ),
    (errors.FieldRefused, lambda e: _field(e.loc, e.reason)),
    (errors.AlreadyExists, lambda e: problem(ProblemCode.ALREADY_EXISTS, e.what)),
    (errors.AlreadyDecided, lambda e: problem(ProblemCode.ALREADY_DECIDED, f"{e.what} is {e.state}.", state=e.state)),
    (errors.IdempotencyConflict, lambda _: problem(ProblemCode.IDEMPOTENCY_CONFLICT)),
    (errors.UnsupportedMediaType, lambda _: problem(ProblemCode.UNSUPPORTED_MEDIA_TYPE)),
    (errors.ProductionClock, lambda _: problem(ProblemCode.PRODUCTION_CLOCK)),
    (ClockMovedBackwards, lambda e: problem(ProblemCode.CLOCK_BACKWARDS, str(e))),
    (errors.ClockUnconfirmed, lambda e: problem(ProblemCode.CLOCK_UNCONFIRMED, f"Waited for {e.waited_for}.")),
    (DeviceRefused, lambda e: _field(("body", e.field), e.reason)),
    (SubjectNotFound, lambda e: problem(ProblemCode.NOT_FOUND, f"No such {e.subject}.")),
    (Outpaced, _outpaced),
    (ActRefused, _act_refused),
    (FileStands, lambda e: problem(ProblemCode.ALREADY_EXISTS, f"The breach has the file {e.file_id}.")),
    (TooLate, lambda e: problem(ProblemCode.GUARD_REFUSED, f"Was to be said until {e.until}.", guard=e.rule)),
    (HandoverStands, lambda e: problem(ProblemCode.ALREADY_EXISTS, f"The service was called: {e.handover_id}.")),
    (SignatureWrong, lambda _: problem(ProblemCode.UNAUTHENTICATED, "Not signed by the service that was called.")),
    (EntryRefused, lambda e: _field(("body", e.field), e.reason)),
    (DeskUnknown, lambda e: problem(ProblemCode.NOT_FOUND, f"No such {e.what}.")),
    (DeskRefused, _desk_refused),
    (CitationUnknown, lambda e: _field(("body", "fields", e.field), e.reason)),
    (OrderRefused, lambda e: problem(ProblemCode.UNAUTHENTICATED, f"The message is not signed as agreed: {e.why}.")),
    (ScreeningNotFound, lambda e: problem(ProblemCode.NOT_FOUND, f"No such {e.what}.")),
    (ScreeningOutpaced, _screening_outpaced),
    (ScreeningFieldRefused, lambda e: _field(("body", *e.field.split(".")), e.reason)),
    (HazardRefused, _hazard_refused),
    (HazardStands, lambda e: problem(ProblemCode.ALREADY_EXISTS, f"It stands as {e.number}.")),
    (PlanStands, lambda _: problem(ProblemCode.ALREADY_EXISTS, "The place is inspected by this list already.")),
    (MilderNeedsDecider, lambda e: problem(ProblemCode.FORBIDDEN, f"A milder level than {e.level} is a decision.")),
    (NotOfTheUnit, lambda _: problem(ProblemCode.FORBIDDEN, "It is another unit's round.", missing_organisation=True)),
    (RoundEnded, lambda e: problem(ProblemCode.TRANSITION_NOT_ALLOWED, f"The round is {e.state}.", state=e.state)),
    (
        RoundUnfinished,
        lambda e: problem(ProblemCode.GUARD_REFUSED, f"Not seen: {', '.join(e.items)}.", guard="items_left"),
    ),
    (SchemeRefused, lambda e: problem(ProblemCode.GUARD_REFUSED, f"Refused by the rule {e}.", guard=str(e))),
    (SchemeNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such scheme in force by then.")),
    (SurveyRefused, lambda e: problem(ProblemCode.GUARD_REFUSED, f"Refused by the rule {e}.", guard=str(e))),
    (
        DecisionRefused,
        lambda _: problem(
            ProblemCode.GUARD_REFUSED,
            "Once, by a supervisor of no unit that handled it.",
            guard="independent_supervisor",
        ),
    ),
    (TicketNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such ticket.")),
    (RosterNotFound, lambda e: problem(ProblemCode.NOT_FOUND, f"No such {e.what}.")),
    (RosterRefused, lambda e: _field(("body", e.field), e.reason)),
    (SwapSettled, lambda e: problem(ProblemCode.ALREADY_DECIDED, f"The swap is {e.state}.", state=e.state)),
    (PageNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such page.")),
    (TestNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such test.")),
    (
        NotOfThePage,
        lambda _: problem(
            ProblemCode.FORBIDDEN, "Only the unit that was paged, or the desk, answers.", missing_organisation=True
        ),
    ),
    (ProposalNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such proposal.")),
    (ProposalDecided, lambda e: problem(ProblemCode.ALREADY_DECIDED, str(e), state=e.state)),
    (UploadRefused, _upload_refused),
    (HoldingRefused, lambda e: _field(("body", "user_id"), f"cannot hold it: {e.reason}")),
    (AttachmentUnknown, lambda e: _field(("body", "attachments"), f"no attachment {e.attachment_id} of yours")),
    (VersionConflict, _version_conflict),
    (ActionRefused, _action_refused),
    (TicketCursorInvalid, lambda _: _field(("query", "cursor"), "not a cursor of this list")),
    (CursorInvalid, lambda _: _field(("query", "cursor"), "not a cursor of this list")),
    (IncidentOutpaced, _incident_outpaced),
    (ReshapeRefused, _reshape_refused),
    (MilderNeedsShiftLeader, lambda _: _forbidden(errors.Forbidden(roles=(UserRole.SHIFT_LEADER,)))),
    (RulesInvalid, _rules_invalid),
    (RulesUnknown, lambda e: problem(ProblemCode.NOT_FOUND, f"No version {e.version}.")),
    (PatternUnknown, lambda _: problem(ProblemCode.NOT_FOUND, "No such pattern.")),
    (ModeUnchanged, lambda e: problem(ProblemCode.ALREADY_EXISTS, str(e))),
    (RulesStandAlready, lambda e: problem(ProblemCode.ALREADY_EXISTS, str(e), version=e.version)),
    (ActivationRefused, lambda e: problem(ProblemCode.ACTIVATION_REFUSED, str(e), version=e.version)),
    (ContactPointRefused, lambda e: _field(("body", e.field), e.reason)),
    (ContactPointNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such contact point.")),
    (MessageNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such message.")),
    (ReceiptUnknown, lambda _: problem(ProblemCode.NOT_FOUND, "Nothing of this id was sent over this channel.")),
    (ReceiptUnsigned, lambda e: problem(ProblemCode.UNAUTHENTICATED, f"The {e.reason} does not hold.")),
    (ValidationError, _invalid),
    (web.HTTPException, _http),
)
