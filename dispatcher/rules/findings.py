"""What can be found wrong with rules: a stable code, where in the document, and why in two languages."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Weight(StrEnum):
    ERROR = "error"  # The version cannot be kept.
    WARNING = "warning"  # A person should look; nothing is refused for it.


class FindingCode(StrEnum):
    """Stable names of what can be wrong with rules."""

    SHAPE = "shape"  # Not a document: a field is missing, unknown or of another type.
    FORMAT_UNKNOWN = "format_unknown"  # Written by a later release.
    UNKNOWN_KIND = "unknown_kind"  # Rules about a kind that the master data does not have.
    KIND_WITHOUT_RULES = "kind_without_rules"  # It is then treated as `unclassified`.
    UNCLASSIFIED_MISSING = "unclassified_missing"  # What is known of nothing must be ruled.
    UNKNOWN_GROUP = "unknown_group"  # A kind names a group that the document does not hold.
    GROUP_WITHOUT_KINDS = "group_without_kinds"  # Nothing can ever be in it.
    OUT_OF_RANGE = "out_of_range"  # A number outside what makes sense.
    MATRIX_INCOMPLETE = "matrix_incomplete"  # Not 5 rows of 5 grades.
    MATRIX_NOT_MONOTONE = "matrix_not_monotone"  # Likelier or graver, and yet a lower grade.
    UNKNOWN_REFERENCE = "unknown_reference"  # It names rules, or a version of them, that there are not.
    PATTERN_WITHOUT_RULES = "pattern_without_rules"  # It is then not looked for.
    PERCOLATES = "percolates"  # By the traffic on record, unrelated events would be found together.


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend; `path` is where in the document, such as `groups.fire.r_m`."""

    path: str
    code: FindingCode
    weight: Weight
    zh: str
    en: str

    @property
    def loc(self) -> list[str | int]:
        """The path as its steps."""
        steps = re.findall(r"[^.\[\]]+|\[\d+\]", self.path)
        return [int(step[1:-1]) if step.startswith("[") else step for step in steps]

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "code": self.code, "weight": self.weight, "zh": self.zh, "en": self.en}
