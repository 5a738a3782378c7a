"""What happens too often and where: findings, proposals, counts and the map."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.api.models.wire import Answer, AreaId, Filter, Instant, KindId, Paged
from dispatcher.rates.model import Detector, ProposalSource, ProposalState


class FindingFilter(Paged):
    detector: Detector | None = None
    kind: KindId | None = None
    area: AreaId | None = None
    since: Annotated[Instant | None, Field(description="only findings whose window ends later")] = None


class Finding(Answer):
    """More of a kind than a detector expected. A candidate: nothing follows from it by itself."""

    id: int
    detector: Detector
    detector_version: int
    kind: str
    kind_zh: str
    kind_en: str
    area_id: str | None
    place: str | None
    lon: float | None
    lat: float | None
    radius_m: int | None
    from_at: datetime
    to_at: datetime
    observed: int
    expected: float | None
    statistic: float | None  # the detector's own: see docs/reference/detectors.md
    p_value: float | None
    witnesses: list[int]  # incidents
    proposal_id: int | None


class Findings(Answer):
    items: list[Finding]
    next: str | None


class ProposalFilter(Paged):
    state: ProposalState | None = None
    kind: KindId | None = None
    area: AreaId | None = None


class Proposal(Answer):
    """A joint rectification that a person may admit."""

    id: int
    source: ProposalSource
    kind: str
    kind_zh: str
    kind_en: str
    area_id: str | None
    place: str | None
    lon: float | None
    lat: float | None
    reason: dict[str, Any]
    witnesses: list[int]
    findings: int
    proposed_at: datetime
    state: ProposalState
    decided_at: datetime | None
    decision_reason: str | None
    ticket_id: int | None


class Proposals(Answer):
    items: list[Proposal]
    next: str | None


class CountFilter(Filter):
    kind: KindId
    area: AreaId | None = None
    since: Annotated[Instant | None, Field(description="seven days before `until` by default")] = None
    until: Annotated[Instant | None, Field(description="now by default")] = None
    limit: Annotated[int, Field(ge=1, le=2000)] = 500


class Count(Answer):
    """Incidents of a kind that began in one hour in an area."""

    kind: str
    area_id: str | None
    bucket_at: datetime
    incidents: int
    provisional: bool  # the hour is not finished: the number may still change, and no detector has seen it


class Counts(Answer):
    items: list[Count]


class HotSpotFilter(Filter):
    kind: KindId | None = None
    area: AreaId | None = None
    days: Annotated[int, Field(ge=1, le=28)] = 7


class HotCell(Answer):
    """A square of the map; `z` above 1.96 stands out among the squares that hold incidents."""

    lon: float
    lat: float
    incidents: int
    z: float


class Stack(Answer):
    """A coordinate that carries so many incidents that it is a placeholder, not a place: off the map."""

    lon: float
    lat: float
    incidents: int


class HotSpots(Answer):
    since: datetime
    until: datetime
    incidents: int
    provisional: int  # of the incidents, those that may still change
    cells: list[HotCell]
    clusters: list[Finding]  # living clusters that the scan found in this time
    stacks: list[Stack]
