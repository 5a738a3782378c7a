"""Grading from the rules' text, in plain Python: every rule looks at the whole set, nothing is kept up."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from dispatcher.risk.model import Facts, Verdict, Witness
from registry.grading import SensitivePlace
from tests.unit.dispatcher.risk.table import MATRIX, TABLE, TAXONOMY


def grade(witnesses: Collection[Witness], facts: Facts) -> tuple[int, str]:
    """The grade and its kind: by each kind of the set, the gravest counts."""
    found = []
    for said in {witness.kind for witness in witnesses}:
        kind = TAXONOMY.kind(said)
        likelihood, consequence = points(witnesses, facts, kind.id, kind.consequence)
        cell = {
            "consequence": moved(kind.consequence, consequence),
            "likelihood": moved(kind.likelihood, likelihood),
        }
        graded = MATRIX.grade(**cell)
        risk = TABLE.risk_of(kind.id)
        colours = [witness.colour for witness in witnesses if witness.kind == said and witness.colour is not None]
        if risk.takes_colour and colours:
            graded = min(colours)
        found_false = facts.final and facts.judgement is not None and facts.judgement.verdict is Verdict.FALSE
        if (risk.life_at_risk or any(witness.life for witness in witnesses)) and not found_false:
            graded = min(graded, 2)
        base = MATRIX.grade(consequence=kind.consequence, likelihood=kind.likelihood)
        first = min((w.at_ms, w.uid, w.kind, w.source_class, w.subject) for w in witnesses if w.kind == said)
        found.append((graded, base, -kind.consequence, -kind.likelihood, first, kind.id))
    best = min(found)
    return best[0], best[-1]


def points(witnesses: Collection[Witness], facts: Facts, kind: str, base_consequence: int) -> tuple[int, int]:
    """Thousandths of a step of likelihood and of consequence."""
    classes = len({witness.source_class for witness in witnesses})
    subjects = {witness.subject for witness in witnesses}
    likelihood = 1000 if classes == 2 else 2000 if classes > 2 else 0
    likelihood += sum(250 for least in (2, 4, 8) if len(subjects) >= least)
    verdict = facts.judgement.verdict if facts.judgement is not None else None
    likelihood += 1000 if verdict is Verdict.CONFIRMED else 0
    likelihood += 1000 if facts.earlier else 0
    likelihood += 1000 if facts.matches else 0
    warned = dict(TABLE.risk_of(kind).warned_by)
    likelihood += 1000 if any(each.colour <= warned.get(each.kind, 0) for each in facts.warnings) else 0
    likelihood -= 1500 if subjects <= facts.doubted else 0
    if facts.final:
        likelihood -= 1000 if facts.cleared else 0
        likelihood -= 4000 if verdict is Verdict.FALSE else 0
    near = any(reaches(place, witnesses) for place in facts.places)
    return likelihood, 1000 if near and base_consequence >= 2 else 0


def moved(base: int, total: int) -> int:
    steps = min(2, abs(total) // 1000)
    return max(1, min(5, base + steps if total > 0 else base - steps))


def reaches(place: SensitivePlace, witnesses: Collection[Witness]) -> bool:
    """By the middle of the square of 50 m in which an event lies, in hours that the incident's time touches."""
    middles = [(w.cell[0] * 500 + 250, w.cell[1] * 500 + 250) for w in witnesses if w.cell is not None]
    if not any((x - place.x_dm) ** 2 + (y - place.y_dm) ** 2 <= (place.reach_m * 10) ** 2 for x, y in middles):
        return False
    if place.hours is None:
        return True
    at = datetime.fromtimestamp(min(w.at_ms for w in witnesses) // 1000, UTC)
    last = datetime.fromtimestamp(max(w.at_ms for w in witnesses) // 1000, UTC)
    begin, end = place.hours
    hours = {*range(begin, end)} if begin < end else {*range(begin, 24), *range(end)}
    while at <= last:
        if (at + timedelta(hours=8)).hour in hours:
            return True
        at += timedelta(minutes=1)
    return (last + timedelta(hours=8)).hour in hours
