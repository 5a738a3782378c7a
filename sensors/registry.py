"""Every device type that the platform knows; adding one is its folder and one line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sensors import access_gate, charging_shed, dispatch_feed, smart_security_camera, waste_bin
from sensors.model import DeviceType

DEVICE_TYPES: Final[Mapping[str, DeviceType]] = MappingProxyType(
    {
        device_type.name: device_type
        for device_type in (
            smart_security_camera.DEVICE_TYPE,
            access_gate.DEVICE_TYPE,
            waste_bin.DEVICE_TYPE,
            charging_shed.DEVICE_TYPE,
            dispatch_feed.DEVICE_TYPE,
        )
    }
)
