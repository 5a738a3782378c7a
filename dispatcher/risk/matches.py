"""A complete pattern as grading knows it: plain data, whoever found it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class PatternMatch:
    """A pattern that holds of an incident, with the events that complete it."""

    pattern_id: str
    version: int
    zh: str
    en: str
    witnesses: tuple[bytes, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "pattern_id": self.pattern_id,
            "version": self.version,
            "zh": self.zh,
            "en": self.en,
            "witnesses": [uid.hex() for uid in self.witnesses],
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "PatternMatch":
        witnesses = tuple(bytes.fromhex(uid) for uid in stored["witnesses"])
        return cls(stored["pattern_id"], stored["version"], stored["zh"], stored["en"], witnesses)
