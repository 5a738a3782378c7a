"""Why a pattern's definition is refused: one class a reason, with the values that were refused."""

from dataclasses import dataclass


@dataclass(eq=False)
class PatternInvalid(Exception):
    """A definition that cannot be matched, or would not mean what it says."""

    pattern: str

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name != "pattern")
        return f"pattern {self.pattern}: {type(self).__name__}({told})"


@dataclass(eq=False)
class ParameterOutOfRange(PatternInvalid):
    """A radius, window, severity, version or number of steps outside its permitted range."""

    parameter: str
    value: int
    minimum: int
    maximum: int


@dataclass(eq=False)
class SourceMissing(PatternInvalid):
    """Nobody says where the pattern comes from."""


@dataclass(eq=False)
class DatesReversed(PatternInvalid):
    """It would end before it begins."""


@dataclass(eq=False)
class AnchorMissing(PatternInvalid):
    """No step is an anchor: a star without a middle."""


@dataclass(eq=False)
class AbsenceRepeated(PatternInvalid):
    """More than one step must be absent."""

    steps: tuple[str, ...]


@dataclass(eq=False)
class StepRepeated(PatternInvalid):
    """Two steps have one name."""

    step: str


@dataclass(eq=False)
class KindsMissing(PatternInvalid):
    """A step names no kind."""

    step: str


@dataclass(eq=False)
class KindUnknown(PatternInvalid):
    """A step names a kind that the taxonomy does not have."""

    step: str
    kind: str


@dataclass(eq=False)
class SourceClassUnknown(PatternInvalid):
    """A step names a class of source that does not exist, or the platform's own clock."""

    step: str
    source_class: str


@dataclass(eq=False)
class WordUnknown(PatternInvalid):
    """A mode or role that does not exist."""

    column: str
    word: str


@dataclass(eq=False)
class PredicateUnreadable(PatternInvalid):
    """A value predicate is not `property`, comparison, number."""

    step: str
    text: str


@dataclass(eq=False)
class StepsOverlap(PatternInvalid):
    """One event could fill both steps, and would be its own corroboration."""

    one: str
    other: str


@dataclass(eq=False)
class OrderUnreadable(PatternInvalid):
    """An order is not `earlier<later`."""

    text: str


@dataclass(eq=False)
class StepUnknown(PatternInvalid):
    """An order names a step that the pattern does not have."""

    step: str


@dataclass(eq=False)
class OrderCyclic(PatternInvalid):
    """A step would have to come before itself."""

    steps: tuple[str, ...]


@dataclass(eq=False)
class AbsenceOrdered(PatternInvalid):
    """An absence may only be ordered behind the pattern's anchor."""

    step: str
