"""Smart security camera: a fixed camera whose edge box judges scenes and posts what it saw, never who it saw."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from sensors.model import DeviceEvent, DeviceType, Origin, Property, SourceClass
from sensors.payload import Millis, Payload
from sensors.personal import PERSONAL_FIELDS
from sensors.smart_security_camera.severity import Level, crowd_severity, graded

DROPPED_FIELDS: Final = PERSONAL_FIELDS | {
    "gender",
    "age",
    "clothing",
    "gait",
    "reid",
    "track_embedding",
    "thumbnail",  # inline pictures: evidence comes by address and hash only
    "snapshot_base64",
    "image_base64",
}

Token = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Phase(StrEnum):
    """Where a scene stands; all three reports of one scene carry the same `eventId`."""

    START = "start"  # First seen.
    UPDATE = "update"  # Still going on, better evidence.
    END = "end"  # Over.


class EvidenceSort(StrEnum):
    """What lies behind an evidence address."""

    SNAPSHOT = "snapshot"  # One picture.
    CLIP = "clip"  # A short film.


class Evidence(Payload):
    """Where a picture or film lies and what it must hash to; the bytes never travel in a message."""

    kind: EvidenceSort = Field(strict=False)
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=512)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CameraEvent(Payload):
    """One report of one scene. Times are UTC milliseconds of the frame, boxes are shares of width and height."""

    phase: Phase = Field(strict=False)
    event_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] = Field(alias="eventId")
    label: Token
    score: Share
    frame_time: Millis | None = Field(default=None, alias="frameTime")
    start_time: Millis | None = Field(default=None, alias="startTime")
    zones: tuple[Annotated[str, StringConstraints(min_length=1, max_length=64)], ...] = Field(
        default=(), max_length=16, strict=False
    )
    box: tuple[Share, Share, Share, Share] | None = Field(default=None, strict=False)
    level: Level | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=8, strict=False)

    @model_validator(mode="after")
    def _box_has_an_area(self) -> "CameraEvent":
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError("box must be left, top, right, bottom")
        return self


class CrowdEvent(CameraEvent):
    """A crowd: how many and how dense, and nothing about anybody."""

    count: Annotated[int, Field(ge=0, le=100_000)]
    density_per_m2: Annotated[float, Field(ge=0, le=50)] | None = Field(default=None, alias="densityPerM2")


class CameraState(Payload):
    """What a camera says of itself in words."""

    firmware: Annotated[str, StringConstraints(max_length=64)] | None = None
    detector: Annotated[str, StringConstraints(max_length=64)] | None = None


_PHASE_RANK: Final = {Phase.START: 0, Phase.UPDATE: 1, Phase.END: 2}


def _origin(event: CameraEvent) -> Origin:
    # The later frame wins; at one frame the later phase wins, so a hurried `end` is never lost to its own `start`.
    revision = None if event.frame_time is None else event.frame_time * 4 + _PHASE_RANK[event.phase]
    started = event.start_time
    if started is None and event.phase is Phase.START:
        started = event.frame_time
    return Origin(
        event_id=event.event_id,
        revision=revision,
        occurred_at=None if started is None else datetime.fromtimestamp(started / 1000, UTC),
        ended=event.phase is Phase.END,
    )


def _scene(name: str, kind: str, base: int, zh_name: str, en_name: str) -> DeviceEvent:
    return DeviceEvent(
        name=name,
        payload=CameraEvent,
        kind=kind,
        severity=graded(base),
        zh_name=zh_name,
        en_name=en_name,
        origin=_origin,
    )


DEVICE_TYPE: Final = DeviceType(
    name="smart_security_camera",
    version=1,
    zh_name="智能安防摄像机",
    en_name="Smart security camera",
    source_class=SourceClass.CAMERA,
    properties=(
        Property("fps", "1/s", 0, 240, "帧率", "Frames per second"),
        Property("uptime_s", "s", 0, 4_294_967_295, "运行时长", "Uptime"),
        Property("temperature_c", "°C", -60, 150, "机内温度", "Housing temperature"),
        Property("storage_pct", "%", 0, 100, "存储占用", "Storage used"),
        Property("blocked_pct", "%", 0, 100, "画面遮挡", "View blocked"),
    ),
    extra=CameraState,
    events=(
        _scene("smoke", "outdoor_fire", 3, "烟雾", "Smoke"),
        _scene("flame", "outdoor_fire", 4, "明火", "Flame"),
        DeviceEvent(
            name="crowd",
            payload=CrowdEvent,
            kind="crowd_gathering",
            severity=crowd_severity,
            zh_name="人员聚集",
            en_name="Crowd",
            origin=_origin,
        ),
        _scene("perimeter_intrusion", "perimeter_intrusion", 3, "周界入侵", "Perimeter intrusion"),
        _scene("fire_lane_blocked", "fire_lane_blocked", 3, "消防通道占用", "Fire lane blocked"),
        _scene("falling_object", "high_altitude_throwing", 4, "高空抛物", "Falling object"),
        _scene("fight", "brawl_violence", 4, "打架斗殴", "Fight"),
        _scene("person_down", "medical_emergency", 4, "人员倒地", "Person down"),
        _scene("ebike_in_elevator", "ebike_in_elevator", 2, "电动自行车进电梯", "E-bike in elevator"),
        _scene("ponding", "basement_flooding", 3, "积水", "Ponding"),
        _scene("manhole_cover_missing", "manhole_cover_missing", 4, "井盖缺失", "Manhole cover missing"),
        _scene("tree_fallen", "tree_fall_hazard", 3, "树木倒伏", "Fallen tree"),
        _scene("waste_overflow", "waste_overflow", 1, "垃圾满溢", "Waste overflow"),
        _scene("waste_dumping", "construction_waste_dumping", 2, "建筑垃圾偷倒", "Construction waste dumping"),
        _scene("street_vendor", "street_vendor_occupation", 1, "占道经营", "Street vendor"),
        _scene("illegal_parking", "illegal_parking", 1, "违法停车", "Illegal parking"),
        _scene("open_burning", "open_burning", 2, "露天焚烧", "Open burning"),
        _scene("corridor_clutter", "corridor_clutter", 2, "楼道堆物", "Corridor clutter"),
    ),
    signals=(),
    silent_after_s=300,  # Three missed minute reports and the time to reconnect.
    dropped_fields=DROPPED_FIELDS,
)
