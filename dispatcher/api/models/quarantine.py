"""Messages that were refused and kept, and the proof that nothing vanished."""

from datetime import datetime

from pydantic import Field

from dispatcher.api.models.wire import Answer, Ask, Filter, Instant, Line, Paged
from dispatcher.incidents.views import Hex
from events.model import QuarantineState


class QuarantineFilter(Paged):
    state: QuarantineState | None = None


class QuarantineItem(Answer):
    id: int
    received_at: datetime
    topic: str
    product: str | None
    device_id: int | None
    reason: str
    detail: str
    payload: str = Field(description="at most 4 KiB, bytes that are no printable text escaped as \\xNN")
    payload_bytes: int
    sha256: Hex
    state: QuarantineState
    decided_by: str | None
    decided_at: datetime | None


class QuarantineItems(Answer):
    items: list[QuarantineItem]
    next: str | None


class Discard(Ask):
    reason: Line


class ConservationFilter(Filter):
    since: Instant | None = None


class Counts(Answer):
    received: int
    stored: int
    duplicate: int
    quarantined: int


class ProductCounts(Counts):
    product: str


class Violation(Answer):
    reason: str
    count: int


class CorrelationCounts(Answer):
    """What became of every event of the log since its beginning; `received` is the sum of the others."""

    received: int
    superseded: int = Field(description="other versions of known events: redeliveries and corrections")
    settled: int = Field(description="their incident was final: annotations in the log")
    returned: int = Field(description="back to normal: shown, never clustered")
    late: int = Field(description="behind the watermark")
    suppressed: int = Field(description="of devices that flap")
    noise: int = Field(description="too few around them and not grave enough")
    clustered: int = Field(description="found by place and time")
    alone: int = Field(description="without a position, or of a kind that is never clustered")
    capped: int = Field(description="as many events were live as may be: in the log alone")
    holds: bool


class Conservation(Counts):
    """received = stored + duplicate + quarantined, over all gateways since the given time."""

    holds: bool
    correlation: CorrelationCounts
    by_product: list[ProductCounts]
    violations: list[Violation]
