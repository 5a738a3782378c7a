"""The devices a simulator may speak for, read from the `credentials.json` that their registration wrote."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_METRES_PER_DEGREE: Final = 111_195.0


@dataclass(frozen=True, slots=True)
class Credential:
    """One device: who it is, how it logs in, where it hangs."""

    product: str
    device: str
    user_name: str
    password: str
    client_id: str
    area_id: str
    lon: float | None
    lat: float | None
    device_type: str


class CredentialsUnreadable(ValueError):
    """The credentials file is missing, no JSON, or a row lacks a field."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path: Final = path
        self.problem: Final = problem


def read_credentials(path: Path) -> tuple[Credential, ...]:
    """All devices of the file, in its order. Raises CredentialsUnreadable.

    One device may stand alone, as `rongan device add --json` prints it: what it leaves out follows from the client id.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        rows = told if isinstance(told, list) else [told]
        return tuple(_credential(row) for row in rows)
    except OSError as error:
        raise CredentialsUnreadable(path, error.strerror or "cannot be read") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CredentialsUnreadable(path, f"not a list of devices: {error}") from error


def _credential(row: Mapping[str, Any]) -> Credential:
    product, hyphen, device = row["client_id"].partition("-")
    if not hyphen:
        raise ValueError("client_id must be {product}-{device}")
    return Credential(
        product=row.get("product", product),
        device=row.get("device", device),
        user_name=row["user_name"],
        password=row["password"],
        client_id=row["client_id"],
        area_id=row.get("area_id", ""),
        lon=row.get("lon"),
        lat=row.get("lat"),
        # The product of a device type's own name is the usual one.
        device_type=row.get("device_type", product),
    )


def of_type(credentials: Iterable[Credential], device_type: str) -> tuple[Credential, ...]:
    """The devices of one sensor type."""
    return tuple(credential for credential in credentials if credential.device_type == device_type)


def distance_m(a: Credential, b: Credential) -> float:
    """Metres between two devices; infinite where one has no position."""
    if a.lon is None or a.lat is None or b.lon is None or b.lat is None:
        return math.inf
    east = (a.lon - b.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    return _METRES_PER_DEGREE * math.hypot(east, a.lat - b.lat)


def towards(start: Credential, end: Credential, metres: float) -> tuple[float, float]:
    """The (lon, lat) that lies `metres` from `start` on the way to `end`. Both must have positions."""
    if start.lon is None or start.lat is None or end.lon is None or end.lat is None:
        raise ValueError("both devices need a position")
    share = metres / distance_m(start, end)
    return (
        round(start.lon + share * (end.lon - start.lon), 7),
        round(start.lat + share * (end.lat - start.lat), 7),
    )


def spread(credentials: Sequence[Credential], count: int | None) -> Sequence[Credential]:
    """The first `count` devices, or all of them."""
    return credentials if count is None else credentials[:count]
