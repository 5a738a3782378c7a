"""The map: incidents with positions, the cells that hold them, and which of the cells stand out (Gi*)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from dispatcher.rates.local_sums import gi_star, within
from dispatcher.rates.stacks import Coordinate, stacks

CELL_DM: Final = 2_000
# More cells than this are joined four to one until they are fewer.
CELLS_MAX: Final = 1_500
# Neighbours within this distance of a cell's middle count for its Gi*.
GI_RADIUS_DM: Final = 6_000


@dataclass(frozen=True, slots=True)
class Happened:
    """An incident as the map sees it. `surveyed`: its position is a device's, not an address's."""

    id: int
    kind: str
    at: datetime
    lon: float
    lat: float
    x_dm: int
    y_dm: int
    surveyed: bool
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None

    @property
    def coordinate(self) -> Coordinate:
        return self.lon, self.lat

    def cell(self, width_dm: int) -> tuple[int, int]:
        return self.x_dm // width_dm, self.y_dm // width_dm


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the map with its count and how it stands out among its neighbours."""

    x_dm: int
    y_dm: int
    lon: float
    lat: float
    incidents: int
    z: float


def mask(incidents: Sequence[Happened]) -> frozenset[Coordinate]:
    """The stacks among incidents of all kinds: a placeholder collects every kind, so more is seen of it together."""
    return stacks(incident.coordinate for incident in incidents if not incident.surveyed)


def on_the_map(incidents: Sequence[Happened], masked: frozenset[Coordinate]) -> list[Happened]:
    """Without what lies on a stack."""
    return [i for i in incidents if i.surveyed or i.coordinate not in masked]


def squares(seen: Sequence[Happened], cells_max: int) -> tuple[int, list[tuple[int, int]]]:
    """The width of the cells in decimetres, and the cells that hold an incident, in order."""
    width_dm = CELL_DM
    while len(squares := {incident.cell(width_dm) for incident in seen}) > cells_max:
        width_dm *= 2
    return width_dm, sorted(squares)


def cells(incidents: Sequence[Happened], masked: frozenset[Coordinate]) -> list[Cell]:
    """Every cell that holds an unmasked incident, with its Gi* z-value among these cells, the hottest first."""
    shown = on_the_map(incidents, masked)
    width_dm, _ = squares(shown, CELLS_MAX)
    members: dict[tuple[int, int], list[Happened]] = {}
    for incident in shown:
        members.setdefault(incident.cell(width_dm), []).append(incident)
    held = sorted(members)
    if not held:
        return []
    middle = (np.array(held, np.float64) + 0.5) * width_dm
    counts = np.array([len(members[cell]) for cell in held], np.float64)
    z = gi_star(counts, within(middle[:, 0], middle[:, 1], GI_RADIUS_DM))
    found = [
        Cell(
            x_dm=int(at[0]),
            y_dm=int(at[1]),
            lon=round(math.fsum(m.lon for m in members[cell]) / len(members[cell]), 6),
            lat=round(math.fsum(m.lat for m in members[cell]) / len(members[cell]), 6),
            incidents=len(members[cell]),
            z=round(float(value), 4),
        )
        for cell, at, value in zip(held, middle.tolist(), z.tolist(), strict=True)
    ]
    return sorted(found, key=lambda cell: (-cell.z, -cell.incidents, cell.x_dm, cell.y_dm))
