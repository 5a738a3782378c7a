"""Property posts of one constant length a device, so that a message costs one formatting and no JSON."""

from collections.abc import Mapping
from random import Random
from typing import Final

from simulators.credentials import Credential
from simulators.wire import publish_head

# Three properties a type, in ranges that cross no threshold and print with four characters.
_PROPERTIES: Final[Mapping[str, tuple[tuple[str, float, float], ...]]] = {
    "waste_bin": (("fill_pct", 10.0, 69.0), ("temperature_c", 10.0, 39.0), ("battery_pct", 50.0, 99.0)),
    "smart_security_camera": (("fps", 20.0, 25.0), ("temperature_c", 20.0, 50.0), ("storage_pct", 20.0, 90.0)),
    "access_gate": (("battery_pct", 50.0, 99.0), ("temperature_c", 10.0, 35.0), ("door_open", 0.0, 0.0)),
}
_SEQ_START: Final = 1_000_000_000  # Ten digits from the first message to the last.
_VARIANTS: Final = 64


class Messages:
    """Writes one device's posts. `seq` counts from 1,000,000,000."""

    def __init__(self, credential: Credential, sid: int, rng: Random) -> None:
        """Raises KeyError for a device type that has no load profile."""
        properties = _PROPERTIES[credential.device_type]
        self.seq = _SEQ_START
        self._bodies = [
            ",".join(f'"{name}":{_four_characters(rng.uniform(low, high))}' for name, low, high in properties)
            for _ in range(_VARIANTS)
        ]
        self._end = f',"sid":{sid}}}'
        self.head: Final = publish_head(
            f"/sys/{credential.product}/{credential.device}/thing/event/property/post",
            len(self._payload(1_000_000_000_000)),
        )

    def following(self, time_ms: int) -> tuple[int, bytes]:
        """The next message's seq and payload."""
        self.seq += 1
        return self.seq, self._payload(time_ms)

    def _payload(self, time_ms: int) -> bytes:
        body = self._bodies[self.seq % _VARIANTS]
        text = f'{{"id":"{self.seq}","version":"1.0","time":{time_ms},"params":{{{body}}},"seq":{self.seq}{self._end}'
        return text.encode()


def _four_characters(value: float) -> str:
    """JSON knows no leading zeros: a door's 0 is written 0.00."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
