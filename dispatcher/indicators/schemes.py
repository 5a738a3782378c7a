"""Schemes and scores in the database: weights as versions that are never changed, scores with all they follow from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import asyncpg

from dispatcher.accounts.model import User
from dispatcher.indicators import answering
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.errors import DecisionRefused, SchemeNotFound, SchemeRefused, SurveyRefused
from dispatcher.indicators.model import Dimension, Figure, Question
from dispatcher.indicators.rollups import QUERIES
from dispatcher.indicators.scoring import EVALUATIONS, HEARINGS, Input, flaw_of, score_of
from runtime.pool import Connection

_NOTHING: Final = Figure()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One version of a scheme; weights in percent."""

    id: str
    version: int
    zh_name: str
    en_name: str
    effective_from: date
    source: str
    decided_at: datetime
    weights: Mapping[str, int]


async def read_schemes(conn: Connection, scheme_id: str | None = None) -> list[Scheme]:
    """The versions of one scheme, or of all, the newest of each first."""
    return [Scheme(**dict(row)) for row in await conn.fetch(QUERIES.list_schemes, scheme_id)]


async def add_scheme(
    conn: Connection,
    *,
    scheme_id: str,
    zh_name: str,
    en_name: str,
    effective_from: date,
    source: str,
    weights: Mapping[str, int],
    viewer: User,
    at: datetime,
) -> Scheme:
    """Add the next version of a scheme. Raises SchemeRefused."""
    flaw = flaw_of(weights)
    if flaw is not None:
        raise SchemeRefused(flaw)
    await conn.execute(QUERIES.hold_scheme, scheme_id)
    await conn.execute(QUERIES.insert_scheme, scheme_id, zh_name, en_name, effective_from, source, viewer.id, at)
    await conn.execute(QUERIES.insert_weights, scheme_id, list(weights), list(weights.values()))
    return (await read_schemes(conn, scheme_id))[0]


async def score_units(
    conn: Connection, scheme_id: str, since: date, until: date, area_id: str | None, at: datetime
) -> list[int]:
    """Score every unit of an area over days of China (`until` excluded) by the version in force on the first of them.

    Returns the ids of the scores, which stay: to score again is to add. Raises SchemeNotFound.
    """
    versions = [each for each in await read_schemes(conn, scheme_id) if each.effective_from <= since]
    if not versions:
        raise SchemeNotFound
    scheme = versions[0]
    figures = await _figures_of_units(conn, scheme, since, until)
    scores: list[int] = []
    for row in await conn.fetch(QUERIES.units_of, area_id):
        inputs = tuple(
            Input(name, weight, figures.get((name, row["id"]), _NOTHING))
            for name, weight in sorted(scheme.weights.items())
        )
        score = score_of(inputs)
        if score.permille is None:
            continue  # Nothing of it was ever this unit's.
        scores.append(
            await conn.fetchval(
                QUERIES.insert_score,
                scheme.id,
                scheme.version,
                row["id"],
                since,
                until,
                score.permille,
                score.measured,
                [each.as_record() for each in inputs],
                at,
            )
        )
    return scores


async def _figures_of_units(
    conn: Connection, scheme: Scheme, since: date, until: date
) -> dict[tuple[str, str], Figure]:
    """(input, unit) -> figure; callers, samples, evaluations and hearings each for itself."""
    measured = tuple(name for name in scheme.weights if name in INDICATORS)
    question = Question(indicators=measured, since=since, until=until, dimension=Dimension.ORGANISATION)
    found = {(key.indicator, key.member): figure for key, figure in (await answering.answer(conn, question)).items()}
    for name, query in ((EVALUATIONS, QUERIES.resident_opinions), (HEARINGS, QUERIES.committee_opinions)):
        if name in scheme.weights:
            for row in await conn.fetch(query, since, until):
                found[name, row["organisation_id"]] = Figure(row["numerator"], row["denominator"], row["denominator"])
    return found


async def read_scores(
    conn: Connection,
    *,
    scheme_id: str | None,
    organisation_id: str | None,
    area_id: str | None,
    before_id: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Scores, the newest first."""
    rows = await conn.fetch(QUERIES.list_scores, scheme_id, organisation_id, area_id, before_id, limit)
    return [dict(row) for row in rows]


async def find_unreasonable(conn: Connection, ticket_id: int, reason: str, viewer: User, at: datetime) -> None:
    """Leave a ticket out of the figures of units, for all to see. Raises DecisionRefused."""
    try:
        async with conn.transaction():
            decided = await conn.fetchval(QUERIES.insert_unreasonable_demand, ticket_id, viewer.id, at, reason)
    except asyncpg.CheckViolationError as error:
        raise DecisionRefused from error
    if decided is None:
        raise DecisionRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a sample of residents said; `to_day` is the last day on which they were asked."""

    area_id: str
    organisation_id: str | None
    from_day: date
    to_day: date
    drawn: int
    reached: int
    satisfied: int
    method: str
    source: str


async def add_survey(conn: Connection, survey: Survey, viewer: User, at: datetime) -> int:
    """Take a survey of residents in, once. Raises SurveyRefused with the rule that it breaks."""
    try:
        async with conn.transaction():
            survey_id: int = await conn.fetchval(
                QUERIES.insert_survey,
                survey.area_id,
                survey.organisation_id,
                survey.from_day,
                survey.to_day,
                survey.drawn,
                survey.reached,
                survey.satisfied,
                survey.method,
                survey.source,
                viewer.id,
                at,
            )
    except asyncpg.IntegrityConstraintViolationError as error:
        raise SurveyRefused(error.constraint_name or "resident_surveys") from error
    return survey_id
