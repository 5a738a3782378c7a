"""Turns every error into its problem document: the one place where errors get status and code."""

from collections.abc import Callable
from typing import Any, Final

import asyncpg
from aiohttp import web
from pydantic import ValidationError

from dispatcher.accounts.errors import CredentialsWrong, TooManyAttempts
from dispatcher.accounts.model import UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Refusal
from dispatcher.api import errors
from dispatcher.api.cursors import CursorInvalid
from dispatcher.api.models.problems import FieldError, Problem, ProblemCode, Winner
from dispatcher.incidents.errors import IncidentOutpaced, ReshapeRefusal, ReshapeRefused
from dispatcher.incidents.grades.officers import MilderNeedsShiftLeader
from dispatcher.rules.errors import ActivationRefused, RulesInvalid, RulesStandAlready, RulesUnknown
from dispatcher.rules.findings import Weight
from dispatcher.tickets.errors import ActionRefused, TicketNotFound, VersionConflict
from dispatcher.tickets.proposals import ProposalDecided, ProposalNotFound
from dispatcher.tickets.reading import CursorInvalid as TicketCursorInvalid
from dispatcher.tickets.refusing import RefusalReason
from registry.devices import DeviceRefused
from runtime.clock import ClockMovedBackwards

_TITLES: Final = {
    ProblemCode.UNAUTHENTICATED: (401, "Log in first"),
    ProblemCode.WRONG_CREDENTIALS: (401, "Log-in or password is wrong"),
    ProblemCode.FORBIDDEN: (403, "Not allowed"),
    ProblemCode.CROSS_SITE: (403, "Request of another site"),
    ProblemCode.PRODUCTION_CLOCK: (403, "A production database runs on real time"),
    ProblemCode.NOT_FOUND: (404, "Not found"),
    ProblemCode.METHOD_NOT_ALLOWED: (405, "Method not allowed"),
    ProblemCode.VERSION_CONFLICT: (409, "Somebody else was first"),
    ProblemCode.TRANSITION_NOT_ALLOWED: (409, "The state has no such action"),
    ProblemCode.IDEMPOTENCY_CONFLICT: (409, "The idempotency key was used with other content"),
    ProblemCode.ALREADY_EXISTS: (409, "Stands already"),
    ProblemCode.ALREADY_DECIDED: (409, "Was decided before"),
    ProblemCode.CLOCK_BACKWARDS: (409, "The clock moves only forwards"),
    ProblemCode.PAYLOAD_TOO_LARGE: (413, "Body too large"),
    ProblemCode.UNSUPPORTED_MEDIA_TYPE: (415, "Send application/json"),
    ProblemCode.INVALID_REQUEST: (422, "Request is not as it must be"),
    ProblemCode.GUARD_REFUSED: (422, "A rule refused it"),
    ProblemCode.ART45_REFUSED: (422, "Kept from the residents' committee"),
    ProblemCode.RULES_INVALID: (422, "The rules are not as they must be"),
    ProblemCode.ACTIVATION_REFUSED: (409, "The version cannot be activated now"),
    ProblemCode.RATE_LIMITED: (429, "Too many attempts"),
    ProblemCode.INTERNAL: (500, "A fault of ours"),
    ProblemCode.DATABASE_UNAVAILABLE: (503, "The database is away"),
    ProblemCode.CLOCK_UNCONFIRMED: (504, "The time was set but not confirmed in time"),
}

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


def problem(code: ProblemCode, detail: str = "", **fields: Any) -> Problem:
    """A problem document with the status and title of its code."""
    status, title = _TITLES[code]
    return Problem(
        type=f"urn:rongan:problem:{code}", title=title, status=status, detail=detail or title, code=code, **fields
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
            )
        case _:
            loc = ("body", "reason") if refused.field == "reason" else ("body", "fields", refused.field or "")
            return problem(
                ProblemCode.INVALID_REQUEST,
                f"{refused.event}: {refused.reason}",
                errors=[FieldError(loc=list(loc), msg=str(refused.reason), type=str(refused.reason))],
            )


def _outpaced(error: Outpaced) -> Problem:
    return problem(
        ProblemCode.VERSION_CONFLICT,
        f"The {error.subject} is at version {error.version} now.",
        version=error.version,
        state=error.state,
    )


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
    (errors.StreamsExhausted, lambda _: problem(ProblemCode.RATE_LIMITED, "Too many open streams.")),
    (errors.CrossSite, lambda _: problem(ProblemCode.CROSS_SITE)),
    (errors.Forbidden, _forbidden),
    (errors.NotFound, lambda e: problem(ProblemCode.NOT_FOUND, f"No such {e.what}.")),
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
    (EntryRefused, lambda e: _field(("body", e.field), e.reason)),
    (TicketNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such ticket.")),
    (ProposalNotFound, lambda _: problem(ProblemCode.NOT_FOUND, "No such proposal.")),
    (ProposalDecided, lambda e: problem(ProblemCode.ALREADY_DECIDED, str(e), state=e.state)),
    (VersionConflict, _version_conflict),
    (ActionRefused, _action_refused),
    (TicketCursorInvalid, lambda _: _field(("query", "cursor"), "not a cursor of this list")),
    (CursorInvalid, lambda _: _field(("query", "cursor"), "not a cursor of this list")),
    (IncidentOutpaced, _incident_outpaced),
    (ReshapeRefused, _reshape_refused),
    (MilderNeedsShiftLeader, lambda _: _forbidden(errors.Forbidden(roles=(UserRole.SHIFT_LEADER,)))),
    (RulesInvalid, _rules_invalid),
    (RulesUnknown, lambda e: problem(ProblemCode.NOT_FOUND, f"No version {e.version}.")),
    (RulesStandAlready, lambda e: problem(ProblemCode.ALREADY_EXISTS, str(e), version=e.version)),
    (ActivationRefused, lambda e: problem(ProblemCode.ACTIVATION_REFUSED, str(e), version=e.version)),
    (ValidationError, _invalid),
    (web.HTTPException, _http),
)
