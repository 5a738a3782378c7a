"""What the detectors found, and what is proposed because of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

# Raise where a detector's numbers change meaning: findings of two versions are not compared.
VERSIONS: Final[dict[str, int]] = {
    "nb_cusum": 1,
    "ears_c1": 1,
    "ears_c2": 1,
    "farrington": 2,
    "space_time_scan": 2,
    "recurrence": 2,
}
WITNESSES_MAX: Final = 50


class Detector(StrEnum):
    """Equal to the SQL enum `rate_detector`."""

    NB_CUSUM = "nb_cusum"  # hourly counts above their hour of the week
    EARS_C1 = "ears_c1"  # a day above the seven days before it
    EARS_C2 = "ears_c2"  # a day above the seven days before the last two
    FARRINGTON = "farrington"  # seven days above the same season of earlier years
    SPACE_TIME_SCAN = "space_time_scan"  # a place and its last days above what chance explains
    RECURRENCE = "recurrence"  # call-responses on one cause at one place that come again

    @property
    def version(self) -> int:
        return VERSIONS[self.value]

    @property
    def proposes_as(self) -> "ProposalSource":
        if self is Detector.SPACE_TIME_SCAN:
            return ProposalSource.HOT_SPOT
        return ProposalSource.RECURRENCE if self is Detector.RECURRENCE else ProposalSource.RATE


class ProposalSource(StrEnum):
    """Equal to the SQL enum `proposal_source`."""

    RATE = "rate"  # a detector of counts
    HOT_SPOT = "hot_spot"  # the scan of the map
    RECURRENCE = "recurrence"  # call-responses that come again
    PERSON = "person"  # somebody asked for it


class ProposalState(StrEnum):
    """Equal to the SQL enum `proposal_state`."""

    PROPOSED = "proposed"  # waits for a person
    ADMITTED = "admitted"  # a person made a joint-rectification ticket of it
    DECLINED = "declined"  # a person said no, and why


@dataclass(frozen=True, slots=True)
class Spot:
    """Where: an area, or a place in it. `key` is what "the same place" means for proposals."""

    key: str
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None = None
    lon: float | None = None
    lat: float | None = None
    radius_m: int | None = None

    @staticmethod
    def of_area(area_id: str, path: tuple[str, ...]) -> "Spot":
        return Spot(f"area:{area_id}", area_id or None, path)


@dataclass(frozen=True, slots=True)
class Finding:
    """More of a kind at a spot, in a window, than a detector expected. A candidate: it opens nothing by itself."""

    detector: Detector
    kind: str
    spot: Spot
    from_at: datetime
    to_at: datetime
    observed: int
    expected: float | None
    statistic: float | None
    p_value: float | None
    witnesses: tuple[int, ...] = ()  # incident ids
    tickets: tuple[int, ...] = ()
    cause_kinds: tuple[str, ...] = ()  # the kinds that are one cause with `kind`; empty: it alone

    def reason(self) -> dict[str, Any]:
        """What a proposal says of why it was made."""
        return {
            "detector": self.detector.value,
            "detector_version": self.detector.version,
            "from_at": self.from_at.isoformat(),
            "to_at": self.to_at.isoformat(),
            "observed": self.observed,
            "expected": self.expected,
            "statistic": self.statistic,
            "p_value": self.p_value,
            "tickets": list(self.tickets),
        }
