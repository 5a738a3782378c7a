"""How serious a scene is: base by event, raised or lowered by the camera's own level and certainty."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import Field

Level = Annotated[int, Field(ge=1, le=5)]
"""Our severity, 1 the mildest, 5 the gravest."""

UNSURE_BELOW: Final = 0.5
"""Detectors report from about 0.5 on; less is a guess and counts one step less. Project default."""

LEVELS: Final[Mapping[str, Mapping[str, int]]] = {
    # GB/T 28181 AlarmPriority: 1 is the gravest.
    "gb28181": {"1": 4, "2": 3, "3": 2, "4": 1},
    # JetLinks: 1 extremely urgent ... 5 reminder.
    "jetlinks": {"1": 5, "2": 4, "3": 3, "4": 2, "5": 1},
    # FIWARE Alert data model.
    "fiware": {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5},
    # Frigate review severity.
    "frigate": {"detection": 2, "alert": 3},
}
"""Foreign severities to ours; the one table that every dialect uses and the README publishes."""


def graded(base: int) -> Callable[[Any], int]:
    """Severity of a scene whose event starts at `base`: the camera's level wins, an unsure score takes one off."""

    def severity(event: Any) -> int:
        level: int | None = event.level
        found = base if level is None else level
        return max(1, found - 1) if event.score < UNSURE_BELOW else found

    return severity


def crowd_severity(event: Any) -> int:
    """Severity of a crowd from its density; the count alone says nothing without an area."""
    density: float | None = event.density_per_m2
    if event.level is not None or density is None:
        return graded(3)(event)
    # Above about 4 people a square metre a moving crowd stops choosing its way, above about 6 it moves as one body.
    if density >= 6:
        return 5
    return 4 if density >= 4 else 3
