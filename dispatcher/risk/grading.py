"""Grades a set of events: the kind gives likelihood and consequence, points of evidence move them, the matrix grades.

Pure and order-free: whole numbers are summed over sets, so the same tally and facts give the same grading whatever
came first, and a set that grows can only be graded graver until the watermark lets contradictions count. Every grading
says which rules moved it and which events are the witnesses, so it can be computed again from what is stored.
"""

from collections.abc import Iterator
from typing import Final

from dispatcher.risk.model import Decider, Evidence, Facts, Grading, Verdict
from dispatcher.risk.rules import RULES, Seen
from dispatcher.risk.tally import Tally
from dispatcher.rules.rulebook import RiskMatrix
from registry.event_kinds import Taxonomy
from registry.grading import GradeTable, Moves

# Evidence moves likelihood and consequence by at most this many steps each (ruling A8).
SHIFT_MAX: Final = 2


def grade(tally: Tally, facts: Facts, taxonomy: Taxonomy, matrix: RiskMatrix, table: GradeTable) -> Grading:
    """Grade a non-empty set of events: by each of its kinds, the gravest counts.

    Among equals the kind with the gravest cell, then consequence, then likelihood, then the earliest event.
    """

    def gravity(found: tuple[int, Grading]) -> tuple[int, int, int, int, int]:
        nth, by_kind = found
        base = matrix.grade(consequence=by_kind.base_consequence, likelihood=by_kind.base_likelihood)
        return by_kind.grade, base, -by_kind.base_consequence, -by_kind.base_likelihood, nth

    gradings = [_by_kind(Seen(tally, facts, taxonomy.kind(said), table), matrix, said) for said in tally.kinds]
    return min(enumerate(gradings), key=gravity)[1]


def _by_kind(seen: Seen, matrix: RiskMatrix, said: str) -> Grading:
    kind, table = seen.kind, seen.table
    evidence = tuple(_evidence(seen))
    likelihood = _moved(kind.likelihood, evidence, Moves.LIKELIHOOD, table)
    consequence = _moved(kind.consequence, evidence, Moves.CONSEQUENCE, table)
    given, decided_by = matrix.grade(consequence=consequence, likelihood=likelihood), Decider.MATRIX
    colours = [colour for of_kind, colour in seen.tally.colours if of_kind == said]
    if table.risk_of(kind.id).takes_colour and colours:
        given, decided_by = min(colours), Decider.WARNING_COLOUR
    floor = table.parameters["life_floor"]
    if given > floor and _life_at_risk(seen):
        given, decided_by = floor, Decider.LIFE_AT_RISK
    return Grading(
        kind=kind.id,
        kind_version=kind.version,
        matrix_version=matrix.version,
        points_version=table.version,
        base_likelihood=kind.likelihood,
        base_consequence=kind.consequence,
        evidence=evidence,
        likelihood=likelihood,
        consequence=consequence,
        decided_by=decided_by,
        grade=given,
        facts=seen.facts,
    )


def _evidence(seen: Seen) -> Iterator[Evidence]:
    too_early = frozenset() if seen.facts.final else seen.table.waiting
    for rule in RULES:
        if rule.name in too_early:
            continue
        found = rule.find(seen)
        worth = seen.table.worth(rule.name, found.level) if found is not None else None
        if found is not None and worth is not None:
            yield Evidence(
                rule.name, seen.table.version, worth.axis, worth.points, found.witnesses, zh=found.zh, en=found.en
            )


def _moved(base: int, evidence: tuple[Evidence, ...], moves: Moves, table: GradeTable) -> int:
    """Whole steps only, cut towards none: what is less than a step moves nothing by itself."""
    points = sum(found.points for found in evidence if found.moves is moves)
    steps = abs(points) // table.parameters["step_points"]
    shift = min(steps, SHIFT_MAX) if points > 0 else -min(steps, SHIFT_MAX)
    return max(1, min(5, base + shift))


def _life_at_risk(seen: Seen) -> bool:
    """No doubt about devices takes this away, only a person who looked; and that waits as every contradiction does."""
    facts = seen.facts
    if facts.final and facts.judgement is not None and facts.judgement.verdict is Verdict.FALSE:
        return False
    return seen.table.risk_of(seen.kind.id).life_at_risk or bool(seen.tally.lives)
