"""A deed: who did what when, as far as its effects need it; read from an action or from a line of the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.tickets.grammar import Row


@dataclass(frozen=True, slots=True)
class Deed:
    """An action that nothing refused."""

    row: Row
    fields: Mapping[str, Any]
    organisation_id: str | None
    at: datetime
    actor: str = ""
    role: str = ""

    @property
    def happened_at(self) -> datetime:
        """When it was done: as noted down, or as somebody who was there says it was earlier."""
        named = self.fields.get("happened_at")
        return self.at if named is None else datetime.fromisoformat(named)
