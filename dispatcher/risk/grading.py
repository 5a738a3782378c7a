"""Grades a set of events: the kind gives likelihood and consequence, evidence moves them, the matrix gives the grade.

Pure and order-free: the same set of witnesses gives the same grading whatever came first. Every grading says which
rules moved it and which events are the witnesses, so it can be recomputed from what is stored.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dispatcher.rules.rulebook import RiskMatrix
from events.model import SourceClass
from registry.event_kinds import EventKind, Taxonomy

# Evidence moves likelihood and consequence by at most this many steps each (ruling A8).
SHIFT_MAX: Final = 2
# So many events of a rule are named as its witnesses.
WITNESSES_MAX: Final = 8


class Moves(StrEnum):
    LIKELIHOOD = "likelihood"
    CONSEQUENCE = "consequence"


@dataclass(frozen=True, slots=True, order=True)
class Witness:
    """What grading knows of an event; ordered by (time, uid), the tie-break of every rule."""

    at_ms: int
    uid: bytes
    kind: str
    source_class: SourceClass


@dataclass(frozen=True, slots=True)
class Evidence:
    """One rule that moved the grade."""

    rule: str
    rule_version: int
    moves: Moves
    delta: int
    witnesses: tuple[bytes, ...]
    zh: str
    en: str

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "rule_version": self.rule_version,
            "moves": self.moves.value,
            "delta": self.delta,
            "witnesses": [uid.hex() for uid in self.witnesses],
            "zh": self.zh,
            "en": self.en,
        }


@dataclass(frozen=True, slots=True)
class Grading:
    """A grade with everything that made it."""

    kind: str
    kind_version: int
    matrix_version: int
    base_likelihood: int
    base_consequence: int
    evidence: tuple[Evidence, ...]
    likelihood: int
    consequence: int
    grade: int

    def as_json(self) -> dict[str, Any]:
        """The explanation as it is stored and shown."""
        return {
            "kind": self.kind,
            "kind_version": self.kind_version,
            "matrix_version": self.matrix_version,
            "base": {"likelihood": self.base_likelihood, "consequence": self.base_consequence},
            "evidence": [evidence.as_json() for evidence in self.evidence],
            "likelihood": self.likelihood,
            "consequence": self.consequence,
            "grade": self.grade,
        }


def grade(witnesses: Iterable[Witness], taxonomy: Taxonomy, matrix: RiskMatrix) -> Grading:
    """Grade a non-empty set of events."""
    ordered = sorted(set(witnesses))
    kind = _gravest_kind(ordered, taxonomy, matrix)
    evidence = tuple(found for rule in RULES if (found := rule(ordered)) is not None)
    likelihood = _moved(kind.likelihood, evidence, Moves.LIKELIHOOD)
    consequence = _moved(kind.consequence, evidence, Moves.CONSEQUENCE)
    return Grading(
        kind=kind.id,
        kind_version=kind.version,
        matrix_version=matrix.version,
        base_likelihood=kind.likelihood,
        base_consequence=kind.consequence,
        evidence=evidence,
        likelihood=likelihood,
        consequence=consequence,
        grade=matrix.grade(consequence=consequence, likelihood=likelihood),
    )


def _gravest_kind(ordered: Sequence[Witness], taxonomy: Taxonomy, matrix: RiskMatrix) -> EventKind:
    """The kind with the gravest base grade, then consequence, then likelihood; the earliest event breaks ties."""

    def gravity(witness: Witness) -> tuple[int, int, int]:
        kind = taxonomy.kind(witness.kind)
        base = matrix.grade(consequence=kind.consequence, likelihood=kind.likelihood)
        return base, -kind.consequence, -kind.likelihood

    return taxonomy.kind(min(ordered, key=gravity).kind)


def _moved(base: int, evidence: Sequence[Evidence], moves: Moves) -> int:
    shift = sum(found.delta for found in evidence if found.moves is moves)
    return max(1, min(5, base + max(-SHIFT_MAX, min(SHIFT_MAX, shift))))


def _second_source(ordered: Sequence[Witness]) -> Evidence | None:
    """Each further independent class of source makes it likelier; ten cameras are still one class."""
    first_of_class: dict[SourceClass, Witness] = {}
    for witness in ordered:
        first_of_class.setdefault(witness.source_class, witness)
    further = len(first_of_class) - 1
    if further < 1:
        return None
    names = "、".join(source_class.value for source_class in first_of_class)
    return Evidence(
        rule="independent_sources",
        rule_version=1,
        moves=Moves.LIKELIHOOD,
        delta=min(further, SHIFT_MAX),
        witnesses=tuple(witness.uid for witness in first_of_class.values())[:WITNESSES_MAX],
        zh=f"{further + 1} 类独立来源相互印证（{names}）",
        en=f"{further + 1} independent classes of source agree ({', '.join(c.value for c in first_of_class)})",
    )


RULES: Final[tuple[Callable[[Sequence[Witness]], Evidence | None], ...]] = (_second_source,)
