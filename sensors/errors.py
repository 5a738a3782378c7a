"""Why a device's values were refused: fields, so that quarantine can count and show them."""

from enum import StrEnum
from typing import Final

_SHOWN_NAME_LENGTH: Final = 64


class PropertyProblem(StrEnum):
    """What is wrong with one property value."""

    UNKNOWN = "unknown"  # The device type has no property of this name.
    NOT_A_NUMBER = "not_a_number"  # Text, true/false, null, a list or an object where a number belongs.
    NOT_FINITE = "not_finite"  # NaN or infinity.
    OUT_OF_RANGE = "out_of_range"  # Outside the declared minimum and maximum.
    NOT_WHOLE = "not_whole"  # A fraction where only whole values exist (a switch, a counter).
    MALFORMED = "malformed"  # A non-numeric property that its model refuses.


class PropertyInvalid(ValueError):
    """One property of a report cannot be stored; the whole report goes to quarantine with this reason."""

    def __init__(self, name: str, reason: PropertyProblem) -> None:
        shown = "".join(c if c.isprintable() else "?" for c in name[:_SHOWN_NAME_LENGTH])
        super().__init__(f"{shown}: {reason}")
        self.name: Final = shown
        self.reason: Final = reason


class DeviceTypeInvalid(ValueError):
    """A device type contradicts itself; raised when its module is imported, never by a device's message."""

    def __init__(self, device_type: str, problem: str) -> None:
        super().__init__(f"{device_type}: {problem}")
        self.device_type: Final = device_type
        self.problem: Final = problem
