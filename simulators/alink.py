"""Alink envelopes as a device writes them: topics, property posts, event posts, history posts, state messages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message ready to publish; `id` comes back in the receipt."""

    id: str
    topic: str
    payload: bytes
    retain: bool = False


class Envelopes:
    """Writes a device's messages and counts them: `sid` is this start of the device, `seq` grows with each message."""

    def __init__(self, product: str, device: str, sid: int) -> None:
        self._root = f"/sys/{product}/{device}"
        self.sid = sid
        self.seq = 0

    @property
    def state_topic(self) -> str:
        return f"{self._root}/state"

    @property
    def receipts(self) -> str:
        """The filter that catches the receipts of every post."""
        return f"{self._root}/thing/event/+/post_reply"

    def properties(self, values: Mapping[str, object], at: datetime) -> Outgoing:
        """A property post, every value measured at `at`."""
        time = millis(at)
        return self._post("property", {name: {"value": value, "time": time} for name, value in values.items()})

    def event(self, name: str, value: Mapping[str, object], at: datetime) -> Outgoing:
        """An event that the device judged itself."""
        return self._post(name, {"time": millis(at), "value": dict(value)})

    def state(self, state: str, at: datetime, firmware: str = "1.0.0") -> Outgoing:
        """The retained birth (`on`), farewell (`bye`) or will (`off`); all of one start carry the same `sid`."""
        body = {"s": state, "sid": self.sid, "t": millis(at), "fw": firmware}
        return Outgoing("", self.state_topic, _encoded(body), retain=True)

    def _post(self, name: str, params: Mapping[str, Any]) -> Outgoing:
        self.seq += 1
        message_id = f"{self.sid}-{self.seq}"
        body = {
            "id": message_id,
            "version": "1.0",
            "sys": {"ack": 1},
            "method": f"thing.event.{name}.post",
            "params": params,
            "seq": self.seq,
            "sid": self.sid,
        }
        return Outgoing(message_id, f"{self._root}/thing/event/{name}/post", _encoded(body))


def history(
    product: str, device: str, message_id: str, name: str, value: Mapping[str, object], *, time_ms: int, revision: int
) -> Outgoing:
    """A history post of one event; `revision` orders the deliveries that share a message id. Asks for no receipt."""
    body = {
        "id": message_id,
        "version": "1.0",
        "method": "thing.event.property.history.post",
        "revision": revision,
        "params": [{"events": [{name: {"value": dict(value), "time": time_ms}}]}],
    }
    return Outgoing(message_id, f"/sys/{product}/{device}/thing/event/property/history/post", _encoded(body))


def receipt(payload: bytes) -> tuple[str, int] | None:
    """The id and code of a receipt; None if it is not one."""
    try:
        body = json.loads(payload)
        return str(body["id"]), int(body["code"])
    except (ValueError, KeyError, TypeError):
        return None


def millis(at: datetime) -> int:
    """UTC milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
