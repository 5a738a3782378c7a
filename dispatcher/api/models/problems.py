"""RFC 9457 problem documents: every refusal has a stable code and its fields."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ProblemCode(StrEnum):
    """Why a request was refused; stable, so programs may branch on it."""

    UNAUTHENTICATED = "unauthenticated"  # No valid session.
    WRONG_CREDENTIALS = "wrong_credentials"  # Log-in or password is wrong, or the user is disabled.
    FORBIDDEN = "forbidden"  # The session is valid; its role or area does not allow this.
    CROSS_SITE = "cross_site"  # A browser sent a cookie from another site.
    NOT_FOUND = "not_found"  # No such thing, or none that the caller may see.
    WITHDRAWN = "withdrawn"  # It was public and is so no more; see `reason` and `replaced_by`.
    METHOD_NOT_ALLOWED = "method_not_allowed"  # The path exists, not with this method.
    INVALID_REQUEST = "invalid_request"  # Path, query or body is malformed; see `errors`.
    VERSION_CONFLICT = "version_conflict"  # Somebody else changed it first; see `winner`.
    TRANSITION_NOT_ALLOWED = "transition_not_allowed"  # The state has no such action; see `allowed`.
    RULES_INVALID = "rules_invalid"  # A document of rules breaks rules of its own; see `errors`.
    ACTIVATION_REFUSED = "activation_refused"  # The version is in force, or another activation waits.
    GUARD_REFUSED = "guard_refused"  # A rule of the action refused it; see `guard`.
    ART45_REFUSED = "art45_refused"  # Art. 45 keeps it from the committee; see `art45`, `missing` and `receipt`.
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"  # The key was used with other content.
    ALREADY_EXISTS = "already_exists"  # A thing of this name stands already.
    ALREADY_DECIDED = "already_decided"  # Somebody decided on it before.
    CLOCK_BACKWARDS = "clock_backwards"  # The simulated clock moves only forwards.
    CLOCK_UNCONFIRMED = "clock_unconfirmed"  # The time was set, but not every process confirmed it within the limit.
    PRODUCTION_CLOCK = "production_clock"  # A production database runs on real time.
    PAYLOAD_TOO_LARGE = "payload_too_large"  # The body is above 256 KiB.
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"  # A body that is not application/json.
    FILE_TOO_LARGE = "file_too_large"  # An upload above the limit of its type; see `upload` and `limit`.
    FILE_TYPE_REFUSED = "file_type_refused"  # An upload of a type that is not taken, or of two at once; see `upload`.
    FILE_REFUSED = "file_refused"  # An upload that cannot be kept for another reason; see `upload`.
    RATE_LIMITED = "rate_limited"  # Too many attempts; see the header Retry-After.
    DATABASE_UNAVAILABLE = "database_unavailable"  # Try again; nothing was changed.
    INTERNAL = "internal"  # A fault of ours; `instance` finds it in the log.


class FieldError(BaseModel):
    """One field that is not as it must be."""

    model_config = ConfigDict(frozen=True)

    loc: list[str | int]
    msg: str
    type: str


class Winner(BaseModel):
    """Who changed a ticket first."""

    model_config = ConfigDict(frozen=True)

    actor_name: str
    event: str
    at: datetime


class Problem(BaseModel):
    """application/problem+json."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str = Field(description="`urn:rongan:problem:` and the code")
    title: str
    status: int
    detail: str
    code: ProblemCode
    instance: str | None = Field(default=None, description="the request id, also in the header X-Request-Id")
    errors: list[FieldError] | None = None
    missing_role: str | None = None
    any_of: list[str] | None = Field(default=None, description="the roles that would do")
    missing_area: str | None = None
    missing_organisation: bool | None = Field(default=None, description="the caller's unit has no part in the ticket")
    version: int | None = None
    state: str | None = None
    winner: Winner | None = None
    allowed: list[str] | None = None
    guard: str | None = None
    upload: str | None = Field(default=None, description="why an upload was not taken")
    limit: int | None = Field(default=None, description="the bytes or pixels that an upload exceeded")
    tickets: list[str] | None = Field(default=None, description="the tickets in the way: they are merged first")
    elsewhere: list[str] | None = Field(default=None, description="where a photo served before: ticket and action")
    art45: list[str] | None = Field(default=None, description="why Art. 45 keeps it from the committee")
    missing: list[str] | None = Field(default=None, description="what the support lacks")
    reason: str | None = Field(default=None, description="why it was withdrawn")
    replaced_by: int | None = Field(default=None, description="the disclosure that stands in its place")
    receipt: str | None = Field(default=None, description="the number under which the attempt is recorded")

    def rendered(self) -> dict[str, Any]:
        """As JSON values, without what does not apply."""
        return self.model_dump(mode="json", exclude_none=True)
