"""Which rows of the stream a watcher may see. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import orjson

from dispatcher.accounts.sessions import Watcher
from dispatcher.api.permissions import Permission, holds


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One row of the stream log."""

    seq: int
    at: datetime
    topic: str
    area_path: tuple[str, ...]
    organisation_ids: tuple[str, ...]
    body: Mapping[str, Any]

    def as_json(self) -> str:
        """The `data:` of the server-sent event."""
        at = self.at.isoformat().replace("+00:00", "Z")
        return orjson.dumps({"seq": self.seq, "at": at, "topic": self.topic, **self.body}).decode()


_NEEDED: Final[Mapping[str, Permission]] = MappingProxyType(
    {
        "incident": Permission.READ_RECORD,
        "device": Permission.READ_RECORD,
        "ticket": Permission.READ_TICKETS,
        "page": Permission.READ_ROSTERS,
        "duty": Permission.READ_ROSTERS,
        "calendar": Permission.READ_REGISTRY,
        "clock": Permission.READ_CLOCK,
        "message": Permission.READ_TICKETS,
    }
)


def may_see(row: StreamRow, watcher: Watcher) -> bool:
    """Whether a watcher sees a row: its role reads such topics, and it lies in its area or concerns its organisation.

    A topic that nobody named is seen by nobody. What lies in no area lies in everybody's: it must not be orphaned.
    """
    needed = _NEEDED.get(row.topic.split(".", 1)[0])
    if needed is None or not holds(needed, watcher.roles):
        return False
    return (
        watcher.scope is None
        or not row.area_path
        or watcher.scope in row.area_path
        or (watcher.organisation_id is not None and watcher.organisation_id in row.organisation_ids)
    )
