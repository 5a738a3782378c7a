"""Schemes of assessment, in which residents weigh most (Art. 4), and the scores that follow from them."""

from typing import Final

from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import FieldRefused
from dispatcher.api.models import kpi as models
from dispatcher.api.routing import Call
from dispatcher.indicators import schemes

_LAST_ID: Final = 2**63 - 1
_SPAN_DAYS: Final = 366


async def list_kpi_schemes(call: Call[None, None, None]) -> models.Schemes:
    found = await schemes.read_schemes(call.conn)
    return models.Schemes(items=[models.Scheme.model_validate(each, from_attributes=True) for each in found])


async def add_kpi_scheme(call: Call[None, None, models.SchemeAsk]) -> models.Scheme:
    asked = call.body
    added = await schemes.add_scheme(
        call.conn,
        scheme_id=asked.id,
        zh_name=asked.zh_name,
        en_name=asked.en_name,
        effective_from=asked.effective_from,
        source=asked.source,
        weights=asked.weights,
        viewer=call.viewer,
        at=call.at,
    )
    return models.Scheme.model_validate(added, from_attributes=True)


async def score_units(call: Call[models.SchemePath, None, models.ScoreAsk]) -> models.Scored:
    """Score every unit of the caller's area by the version in force on the first day."""
    asked = call.body
    if not 0 < (asked.until - asked.since).days <= _SPAN_DAYS:
        raise FieldRefused(("body", "until"), f"from 1 to {_SPAN_DAYS} days after `since`")
    made = await schemes.score_units(call.conn, call.params.id, asked.since, asked.until, call.viewer.scope, call.at)
    return models.Scored(scores=len(made))


async def list_kpi_scores(call: Call[None, models.ScoreFilter, None]) -> models.Scores:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await schemes.read_scores(
        call.conn,
        scheme_id=asked.scheme,
        organisation_id=asked.organisation,
        area_id=call.viewer.scope,
        before_id=key[0] if key else _LAST_ID,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Scores(items=[models.Score(**row) for row in rows], next=following)
