"""What the procedures of handovers are about, as errors name it."""

from enum import StrEnum


class Subject(StrEnum):
    """What an action was asked of."""

    HANDOVER = "emergency handover"
    REPORT = "upward report"
