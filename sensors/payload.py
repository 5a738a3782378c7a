"""The strict pydantic base of everything a device says: whatever it passes, PostgreSQL stores unchanged."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

INT64_MAX: Final = 2**63 - 1
TEXT_MAX: Final = 2000
_DEPTH_MAX: Final = 8

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A short identifier chosen by the device."""

Phrase = Annotated[str, StringConstraints(max_length=500)]
"""A line of text."""

Millis = Annotated[int, Field(ge=0, le=253_402_300_799_999)]
"""A time as UTC milliseconds since 1970, up to the year 9999."""

Longitude = Annotated[float, Field(ge=-180, le=180)]
"""WGS-84 degrees east."""

Latitude = Annotated[float, Field(ge=-90, le=90)]
"""WGS-84 degrees north."""


class Payload(BaseModel):
    """What one device event carries in `params.value`.

    Strict: no text for numbers, no true/false for numbers, no unknown field, no NaN. Every text is at most
    `TEXT_MAX` characters without NUL or lone surrogates, every whole number fits int64. A field that takes an enum
    or a tuple from JSON says `Field(strict=False)`; its elements stay strict.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, raw: Any) -> Any:
        refuse_unstorable(raw)
        return raw


def refuse_unstorable(raw: Any) -> None:
    """Raise ValueError if decoded JSON holds a text or number that PostgreSQL would refuse, or is nested deeply."""
    pending: list[tuple[Any, int]] = [(raw, 0)]
    while pending:
        value, depth = pending.pop()
        if isinstance(value, str):
            _refuse_text(value)
        elif isinstance(value, int) and not -INT64_MAX - 1 <= value <= INT64_MAX:
            raise ValueError("whole number beyond int64")
        elif isinstance(value, Mapping | list | tuple):
            if depth == _DEPTH_MAX:
                raise ValueError("nested too deeply")
            members = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
            pending.extend((member, depth + 1) for member in members)


def _refuse_text(text: str) -> None:
    if len(text) > TEXT_MAX:
        raise ValueError("text too long")
    if "\x00" in text:
        raise ValueError("text holds NUL")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("text holds a lone surrogate")
