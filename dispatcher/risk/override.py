"""The grade that an officer set, over the one that the evidence gives. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Override:
    """An officer's newest word on the grade; `grade` None gives it back to the matrix."""

    grade: int | None
    computed_grade: int  # what the evidence gave when the officer decided
    reason: str
    by: str
    role: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        return {
            "grade": self.grade,
            "computed_grade": self.computed_grade,
            "reason": self.reason,
            "by": self.by,
            "role": self.role,
            "at": self.at.isoformat(),
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Override":
        return cls(
            stored["grade"],
            stored["computed_grade"],
            stored["reason"],
            stored["by"],
            stored["role"],
            datetime.fromisoformat(stored["at"]),
        )


def shown(computed: int, override: Override | None) -> int:
    """The grade that counts: a graver one of the officer's is a floor, a milder one stands until the evidence is
    graver than when it was set.
    """
    if override is None or override.grade is None:
        return computed
    if override.grade > override.computed_grade and computed >= override.computed_grade:
        return override.grade
    return min(override.grade, computed)
