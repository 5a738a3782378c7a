"""The fire case: two bins grow hot, a camera between them sees smoke, a resident smells burning: one incident.

The offsets are those of the worked acceptance case: bin 7 at 0 s (58 °C), camera 3 at 130 s (smoke), bin 9 at 180 s
(61 °C), the call about 240 s, taken at 570 s. The bins are 210 m apart and joined only through the camera, 90 m from
bin 7 and 120 m from bin 9; the caller stands 40 m from the camera on the side of bin 7.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from simulators.alink import millis
from simulators.credentials import Credential, distance_m, of_type, towards
from simulators.hotline.texts import BURNING_SMELL

RADIUS_M: Final = 150.0
CALLER_FROM_CAMERA_M: Final = 40.0
CALL_OCCURRED_S: Final = 240
FIRST_BIN_C: Final = 58.0
SECOND_BIN_C: Final = 61.0


class NoFireCast(ValueError):
    """No two bins and a camera among the devices lie as the case needs them."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the bin that burns first, the camera, the second bin."""

    first_bin: Credential
    camera: Credential
    second_bin: Credential

    @property
    def caller(self) -> tuple[float, float]:
        """Where the resident stands, as (lon, lat)."""
        return towards(self.camera, self.first_bin, CALLER_FROM_CAMERA_M)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: `offset_s` when it happened, `arrives_s` when it is told, both since the start."""

    offset_s: int
    arrives_s: int
    actor: str


SCRIPT: Final = (
    Step(0, 0, "first_bin"),
    Step(130, 130, "camera"),
    Step(180, 180, "second_bin"),
    Step(CALL_OCCURRED_S, 570, "call"),
)


class Stage(Protocol):
    """What the case needs of its surroundings."""

    def heat(self, device: Credential, temperature_c: float, at: datetime) -> None:
        """Let a bin report this temperature."""

    def see_smoke(self, device: Credential, scene: dict[str, object], at: datetime) -> None:
        """Let a camera report smoke."""

    async def call(self, body: dict[str, object]) -> None:
        """Let a resident call."""


def choose_cast(devices: Sequence[Credential]) -> Cast:
    """The first camera in the file with a bin within 40 to 150 m on each side, the bins beyond 150 m of each other.

    Raises NoFireCast.
    """
    bins = of_type(devices, "waste_bin")
    for camera in of_type(devices, "smart_security_camera"):
        near = [b for b in bins if CALLER_FROM_CAMERA_M < distance_m(camera, b) < RADIUS_M]
        near.sort(key=lambda b, camera=camera: distance_m(camera, b))  # type: ignore[misc]
        for first in near:
            for second in near:
                if distance_m(first, second) > RADIUS_M:
                    return Cast(first, camera, second)
    raise NoFireCast("no camera with two bins within 150 m of it that lie more than 150 m apart")


async def play(
    cast: Cast, stage: Stage, *, started_at: datetime, pace: float, now: Callable[[], datetime] | None = None
) -> None:
    """Play the case. Times are `started_at` + offset, or `now()` at each step if given; waits are divided by `pace`."""
    told_s = 0
    for step in SCRIPT:
        await asyncio.sleep((step.arrives_s - told_s) / pace)
        told_s = step.arrives_s
        at = started_at + timedelta(seconds=step.offset_s) if now is None else now()
        match step.actor:
            case "first_bin":
                stage.heat(cast.first_bin, FIRST_BIN_C, at)
            case "second_bin":
                stage.heat(cast.second_bin, SECOND_BIN_C, at)
            case "camera":
                stage.see_smoke(cast.camera, smoke_scene(at), at)
            case _:
                await stage.call(call_body(cast, at))


def smoke_scene(at: datetime) -> dict[str, object]:
    """What the camera says: smoke, fairly sure, severity 3."""
    return {
        "phase": "start",
        "eventId": f"smoke-{millis(at)}",
        "label": "smoke",
        "score": 0.86,
        "frameTime": millis(at),
        "startTime": millis(at),
        "zones": ["东门垃圾房"],
        "box": [0.41, 0.22, 0.63, 0.58],
    }


def call_body(cast: Cast, occurred_at: datetime) -> dict[str, object]:
    """What the resident says, with the kind that the call-taker chose."""
    lon, lat = cast.caller
    return {
        "text": BURNING_SMELL,
        "kind": "outdoor_fire",
        "demand": "help",
        "address": "清水苑东门垃圾房",
        "lon": lon,
        "lat": lat,
        "area_id": cast.camera.area_id,
        "occurred_at": occurred_at.isoformat(),
    }
