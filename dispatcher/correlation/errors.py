"""What the correlation refuses, with the values that were refused."""

from dataclasses import dataclass


class CorrelationError(Exception):
    """Something was asked of the correlation that it does not do."""


@dataclass(eq=False)
class GroupInvalid(CorrelationError):
    """A kind group has a parameter outside its permitted range."""

    group: int
    parameter: str
    value: int
    minimum: int
    maximum: int

    def __str__(self) -> str:
        return f"group {self.group}: {self.parameter}={self.value} is outside [{self.minimum}, {self.maximum}]"


@dataclass(eq=False)
class ColumnInvalid(CorrelationError):
    """A column of a batch has a wrong length or a value outside its permitted range."""

    column: str
    reason: str

    def __str__(self) -> str:
        return f"column {self.column}: {self.reason}"


@dataclass(eq=False)
class WatermarkMovedBackwards(CorrelationError):
    """A group's watermark may only rise."""

    group: int
    from_ms: int
    to_ms: int

    def __str__(self) -> str:
        return f"group {self.group}: the watermark {self.from_ms} cannot move back to {self.to_ms}"


@dataclass(eq=False)
class ComponentUnknown(CorrelationError):
    """No live component has this handle: it was never given, was merged away, or is final."""

    component: int

    def __str__(self) -> str:
        return f"no live component has the handle {self.component}"


class SnapshotRefused(CorrelationError):
    """Bytes were given as a snapshot that cannot be restored: replay the log instead."""


@dataclass(eq=False)
class SnapshotForeign(SnapshotRefused):
    """These bytes are no snapshot, or one of another version of the program."""

    reason: str

    def __str__(self) -> str:
        return f"no snapshot of this version: {self.reason}"


@dataclass(eq=False)
class SnapshotDamaged(SnapshotRefused):
    """A snapshot is cut off or changed: its checksum does not fit."""

    size: int

    def __str__(self) -> str:
        return f"the checksum of a snapshot of {self.size} bytes does not fit"


@dataclass(eq=False)
class SnapshotOfOtherGroups(SnapshotRefused):
    """A snapshot was taken with other groups or parameters."""

    found: str
    expected: str

    def __str__(self) -> str:
        return f"the snapshot was taken with the parameters {self.found[:12]}, these are {self.expected[:12]}"
