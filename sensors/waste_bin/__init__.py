"""Smart waste bin: fill level, temperature, tilt; the cheapest fire detector in the courtyard."""

from typing import Annotated, Final

from pydantic import StringConstraints

from sensors.model import DeviceType, Property, Signal, SourceClass
from sensors.payload import Payload


class BinState(Payload):
    """What a bin says of itself in words."""

    firmware: Annotated[str, StringConstraints(max_length=64)] | None = None
    waste: Annotated[str, StringConstraints(pattern=r"^(kitchen|recyclable|hazardous|other)$")] | None = None


DEVICE_TYPE: Final = DeviceType(
    name="waste_bin",
    version=1,
    zh_name="智能垃圾桶",
    en_name="Smart waste bin",
    source_class=SourceClass.SENSOR,
    properties=(
        Property("fill_pct", "%", 0, 100, "满溢度", "Fill level"),
        # The range reaches far beyond the probe's own: a burning bin must be stored, not refused.
        Property("temperature_c", "°C", -60, 1000, "桶内温度", "Temperature inside"),
        Property("tilt_deg", "°", 0, 180, "倾角", "Tilt"),
        Property("battery_pct", "%", 0, 100, "电量", "Battery"),
    ),
    extra=BinState,
    events=(),
    signals=(
        Signal(
            name="full",
            property="fill_pct",
            kind="waste_overflow",
            severity=1,
            raise_at=90,
            clear_at=70,
            hold_s=600,
            source="project default: the lid and one bag held under it read full for minutes, not for ten",
            zh_name="满溢",
            en_name="Full",
        ),
        Signal(
            name="hot",
            property="temperature_c",
            kind="outdoor_fire",
            severity=2,
            raise_at=55,
            clear_at=45,
            hold_s=0,
            source="hotter than a closed bin in summer sun (50 °C); fixed heat detectors act from 54 °C (EN 54-5)",
            zh_name="桶内高温",
            en_name="Hot",
        ),
        Signal(
            name="burning",
            property="temperature_c",
            kind="outdoor_fire",
            severity=4,
            raise_at=70,
            clear_at=60,
            hold_s=0,
            source="beyond what composting (up to about 65-70 °C) explains: something burns",
            zh_name="桶内起火",
            en_name="Burning",
        ),
        Signal(
            name="tipped",
            property="tilt_deg",
            kind="waste_overflow",
            severity=2,
            raise_at=60,
            clear_at=30,
            hold_s=120,
            source="project default: emptying tilts a bin for less than two minutes",
            zh_name="倾倒",
            en_name="Tipped over",
        ),
    ),
    silent_after_s=7200,  # Battery bins report every 15 min to an hour.
)
