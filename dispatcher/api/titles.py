"""The status and title of every code, and a problem document of one."""

from typing import Any, Final

from dispatcher.api.models.problems import Problem, ProblemCode

_TITLES: Final = {
    ProblemCode.UNAUTHENTICATED: (401, "Log in first"),
    ProblemCode.WRONG_CREDENTIALS: (401, "Log-in or password is wrong"),
    ProblemCode.FORBIDDEN: (403, "Not allowed"),
    ProblemCode.CROSS_SITE: (403, "Request of another site"),
    ProblemCode.PRODUCTION_CLOCK: (403, "A production database runs on real time"),
    ProblemCode.NOT_FOUND: (404, "Not found"),
    ProblemCode.WITHDRAWN: (410, "Withdrawn"),
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
    ProblemCode.FILE_TOO_LARGE: (413, "The file is too large"),
    ProblemCode.FILE_TYPE_REFUSED: (415, "Files of this type are not taken"),
    ProblemCode.FILE_REFUSED: (422, "The file cannot be kept"),
    ProblemCode.RATE_LIMITED: (429, "Too many attempts"),
    ProblemCode.INTERNAL: (500, "A fault of ours"),
    ProblemCode.DATABASE_UNAVAILABLE: (503, "The database is away"),
    ProblemCode.CLOCK_UNCONFIRMED: (504, "The time was set but not confirmed in time"),
}


def problem(code: ProblemCode, detail: str = "", **fields: Any) -> Problem:
    """A problem document with the status and title of its code."""
    status, title = _TITLES[code]
    return Problem(
        type=f"urn:rongan:problem:{code}", title=title, status=status, detail=detail or title, code=code, **fields
    )
