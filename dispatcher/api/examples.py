"""A line to paste into a shell, with which a newly registered device reports something that becomes a ticket."""

import shlex
from datetime import datetime
from typing import Any

import orjson

from registry.credentials import Credential
from sensors.model import DeviceType


def example_line(device_type: DeviceType, credential: Credential, *, host: str, port: int, at: datetime) -> str:
    """A `mosquitto_pub` command for this device; it publishes with QoS 1, so its end means committed."""
    name, params = example_report(device_type, at)
    payload = {"version": "1.0", "params": params, "method": f"thing.event.{name}.post"}
    return shlex.join(
        [
            "mosquitto_pub",
            *("-h", host),
            *("-p", str(port)),
            *("-i", credential.client_id),
            *("-u", credential.user_name),
            *("-P", credential.password),
            *("-q", "1"),
            *("-t", f"/sys/{credential.product}/{credential.device}/thing/event/{name}/post"),
            *("-m", orjson.dumps(payload).decode()),
        ]
    )


def example_report(device_type: DeviceType, at: datetime) -> tuple[str, dict[str, Any]]:
    """The event id and `params` of a report that raises an event of this type."""
    at_ms = round(at.timestamp() * 1000)
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "smart_security_camera": (
            "smoke",
            {"phase": "start", "eventId": f"hand-{at_ms}", "label": "smoke", "score": 0.9},
        ),
        "access_gate": ("duress_sos", {}),
        "dispatch_feed": (
            "record",
            {
                "recordId": f"hand-{at_ms}",
                "subject": f"hand-{at_ms}",
                "type": "by hand",
                "occurredAt": at_ms,
                "revision": 1,
            },
        ),
    }
    if device_type.name in told:
        name, value = told[device_type.name]
        return name, {"value": value}
    # Any other type: the gravest threshold that needs no waiting, else the first property at rest.
    at_once = [signal for signal in device_type.signals if signal.hold_s == 0] or list(device_type.signals)
    gravest = max(at_once, key=lambda signal: signal.severity, default=None)
    if gravest is not None:
        return "property", {gravest.property: gravest.raise_at}
    return "property", {prop.name: prop.minimum for prop in device_type.properties[:1]}
