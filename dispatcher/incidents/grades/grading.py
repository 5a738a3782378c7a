"""Grades the incidents that a step touched and keeps the history of their grades."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from dispatcher.incidents.grades import finals
from dispatcher.incidents.grades.facts import Asked, look_up
from dispatcher.incidents.grades.rules import GradingRules
from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.model import IncidentStatus
from dispatcher.incidents.step import Step
from dispatcher.incidents.touched import Touched
from dispatcher.risk import grading
from dispatcher.risk.model import Grading
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class GradeCause(StrEnum):
    """Equal to the SQL enum `grade_cause`."""

    OPENED = "opened"  # The incident's first grade.
    EVIDENCE = "evidence"  # Its events, or what is known about them, changed.
    FINAL = "final"  # The watermark passed: contradicting evidence counts now.
    JUDGEMENT = "judgement"  # A person looked.
    OVERRIDE = "override"  # An officer set it, or gave it back.


@dataclass(frozen=True, slots=True)
class Graded:
    """The incidents of a step with the grades that they had."""

    touched: tuple[Touched, ...]
    before: dict[int, int]  # by id

    async def remember(self, step: Step) -> None:
        """Write what changed, and of what became final why it belongs together. Behind the incidents' own rows."""
        await remember(
            step.conn,
            [
                _change(step, change.incident, self.before.get(change.incident.id))
                for change in self.touched
                if change.incident.grade != self.before.get(change.incident.id)
            ],
        )
        closed = [change.incident for change in self.touched if change.incident.stored_status is IncidentStatus.FINAL]
        await finals.keep(step.conn, step.rulebook, closed, step.at)


async def grade_touched(step: Step, touched: Sequence[Touched]) -> Graded:
    """Grade what the step touched: upgrades count at once, what contradicts only in an incident that is final."""
    ids = [change.incident.id for change in touched if change.incident.id]
    rows = await step.conn.fetch(QUERIES.hold_incidents, ids) if ids else []
    asked = [
        Asked(
            change.incident,
            tuple(loser.id for loser, _, _ in change.absorbed if loser.id),
            tuple(change.returned.values()),
            tuple(change.risen),
        )
        for change in touched
    ]
    await grade(step.conn, step.rulebook, asked)
    return Graded(tuple(touched), {row["id"]: row["grade"] for row in rows})


async def grade(conn: Connection, rules: GradingRules, asked: Sequence[Asked]) -> None:
    """Set grading and override of each incident. The caller holds the rows of those that are stored."""
    known = await look_up(conn, rules, asked)
    cases = [(each.incident.tally, of.facts_of(each.incident)) for each, of in zip(asked, known, strict=True)]
    gradings = grading.grade_all(cases, rules.taxonomy, rules.matrix, rules.grading)
    for each, of, graded in zip(asked, known, gradings, strict=True):
        each.incident.override = of.override
        each.incident.grading = graded


@dataclass(frozen=True, slots=True)
class GradeChange:
    """A line of an incident's history of grades."""

    incident_id: int
    at: datetime
    from_grade: int | None
    to_grade: int
    cause: GradeCause
    grading: Grading
    watermark_at: datetime | None


async def remember(conn: Connection, changes: Sequence[GradeChange]) -> None:
    rows = [
        (
            change.incident_id,
            change.at,
            change.from_grade,
            change.to_grade,
            change.grading.grade,
            change.cause,
            _rules(change.grading),
            change.watermark_at,
        )
        for change in changes
    ]
    if rows:
        await conn.executemany(QUERIES.insert_grade_change, rows)


def _change(step: Step, incident: LiveIncident, before: int | None) -> GradeChange:
    if before is None:
        cause = GradeCause.OPENED
    elif incident.status is IncidentStatus.FINAL:
        cause = GradeCause.FINAL
    else:
        cause = GradeCause.EVIDENCE
    index = step.memory.groups.index(incident.kind_group)
    watermark_ms = step.memory.correlator.watermark_ms(index)
    watermark_at = None if watermark_ms is None else datetime.fromtimestamp(watermark_ms / 1000, UTC)
    return GradeChange(incident.id, step.at, before, incident.grade, cause, incident.graded, watermark_at)


def _rules(graded: Grading) -> list[dict[str, Any]]:
    """The rules with their versions, points and witnesses, without the words."""
    return [
        {
            "rule": found.rule,
            "rule_version": found.rule_version,
            "moves": found.moves.value,
            "points": found.points,
            "witnesses": [uid.hex() for uid in found.witnesses],
        }
        for found in graded.evidence
    ]
