"""E-bike charging shed: heat under the roof, smoke density and charging load; it burns at night and beside doors."""

from typing import Annotated, Final

from pydantic import StringConstraints

from sensors.model import DeviceType, Property, Signal, SourceClass
from sensors.payload import Payload


class ShedState(Payload):
    """What a shed's terminal says of itself in words."""

    firmware: Annotated[str, StringConstraints(max_length=64)] | None = None
    supply: Annotated[str, StringConstraints(pattern=r"^(on|cut|battery)$")] | None = None


DEVICE_TYPE: Final = DeviceType(
    name="charging_shed",
    version=1,
    zh_name="电动自行车集中充电棚监测终端",
    en_name="E-bike charging shed",
    source_class=SourceClass.SENSOR,
    properties=(
        # As wide as nature: a burning shed must be stored, not refused.
        Property("temperature_c", "°C", -60, 1200, "棚顶温度", "Temperature under the roof"),
        Property("smoke_dbm", "dB/m", 0, 20, "烟雾浓度", "Smoke density"),
        Property("load_kw", "kW", 0, 500, "充电负荷", "Charging load"),
        Property("bikes", "", 0, 2000, "停放车辆数", "E-bikes inside", whole=True),
    ),
    extra=ShedState,
    events=(),
    signals=(
        Signal(
            name="overheated",
            property="temperature_c",
            kind="ebike_shed_overheat",
            severity=3,
            raise_at=69,
            clear_at=60,
            hold_s=0,
            source="a tin roof in the sun reaches about 60 °C; heat detectors of class B act from 69 °C (EN 54-5)",
            zh_name="棚内超温",
            en_name="Overheated",
        ),
        Signal(
            name="burning",
            property="temperature_c",
            kind="ebike_shed_overheat",
            severity=5,
            raise_at=120,
            clear_at=80,
            hold_s=0,
            source="no sun and no charger explains it: cells in thermal runaway heat what is above them far beyond",
            zh_name="棚内起火",
            en_name="Burning",
        ),
        Signal(
            name="smoke",
            property="smoke_dbm",
            kind="ebike_shed_overheat",
            severity=4,
            raise_at=0.15,
            clear_at=0.05,
            hold_s=10,
            source="smoke detectors act between 0.05 and 0.7 dB/m (EN 54-7); a gust of dust is shorter",
            zh_name="棚内烟雾",
            en_name="Smoke",
        ),
    ),
    silent_after_s=1800,  # Mains powered, a message every 5 min.
)
