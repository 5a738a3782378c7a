"""What the correlation refuses, with the values that were refused."""

from dataclasses import dataclass


class CorrelationError(Exception):
    """Something was asked of the correlation that it does not do."""


@dataclass(frozen=True)
class GroupInvalid(CorrelationError):
    """A kind group has a parameter outside its permitted range."""

    group: int
    parameter: str
    value: int
    minimum: int
    maximum: int

    def __str__(self) -> str:
        return f"group {self.group}: {self.parameter}={self.value} is outside [{self.minimum}, {self.maximum}]"


@dataclass(frozen=True)
class ColumnInvalid(CorrelationError):
    """A column of a batch has a wrong length or a value outside its permitted range."""

    column: str
    reason: str

    def __str__(self) -> str:
        return f"column {self.column}: {self.reason}"


@dataclass(frozen=True)
class WatermarkMovedBackwards(CorrelationError):
    """A group's watermark may only rise."""

    group: int
    from_ms: int
    to_ms: int

    def __str__(self) -> str:
        return f"group {self.group}: the watermark {self.from_ms} cannot move back to {self.to_ms}"


@dataclass(frozen=True)
class ComponentUnknown(CorrelationError):
    """No live component has this handle: it was never given, was merged away, or is final."""

    component: int

    def __str__(self) -> str:
        return f"no live component has the handle {self.component}"
