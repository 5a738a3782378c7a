"""Schemes and scores in the database, which holds the rule of Art. 4 itself; property areas as groups of figures."""

from datetime import timedelta

import asyncpg
import pytest

from dispatcher.indicators import answering, rollups, schemes
from dispatcher.indicators.model import Dimension, Figure, Question
from dispatcher.indicators.scoring import EVALUATIONS, HEARINGS, Input, score_of
from dispatcher.tickets import store
from registry.calendar import LOCAL
from registry.places import import_areas
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import AT, draft, incident

TODAY = AT.astimezone(LOCAL).date()
TOMORROW = TODAY + timedelta(days=1)


async def insert(owner: Connection, version: int, **weights: int) -> None:
    async with owner.transaction():
        await owner.execute(
            "INSERT INTO kpi_schemes SELECT 's', $1, '甲', 'A', $2, 'source', id, $3 FROM users LIMIT 1",
            version,
            TODAY,
            AT,
        )
        for name, weight in weights.items():
            await owner.execute("INSERT INTO kpi_weights VALUES ('s', $1, $2, $3)", version, name, weight)


async def test_database_itself_puts_residents_first_and_keeps_what_was_decided(owner: Connection) -> None:
    for weights in ({"response": 100}, {"satisfaction": 50, "response": 50}, {"satisfaction": 90}, {}):
        with pytest.raises(asyncpg.CheckViolationError, match="satisfaction weighs"):
            await insert(owner, 1, **weights)
    await insert(owner, 1, satisfaction=20, resident_satisfaction=21, response=40, rework=19)
    with pytest.raises(asyncpg.CheckViolationError, match="is decided"):
        await owner.execute("INSERT INTO kpi_weights VALUES ('s', 1, 'returns', 10)")


async def test_scores_keep_each_input_apart_and_are_repeated_from_them(pool: Pool, owner: Connection) -> None:
    await insert(owner, 1, **{"satisfaction": 40, EVALUATIONS: 30, HEARINGS: 30})
    await _evaluated(owner)
    async with transaction(pool, scope=SYSTEM) as conn:
        (score_id,) = await schemes.score_units(conn, "s", TODAY, TOMORROW, "tt", AT)
        (kept,) = await schemes.read_scores(
            conn, scheme_id="s", organisation_id=None, area_id="tt", before_id=score_id + 1, limit=10
        )
    inputs = {each["input"]: (each["numerator"], each["denominator"]) for each in kept["inputs"]}
    assert inputs == {"satisfaction": (0, 0), EVALUATIONS: (1, 2), HEARINGS: (8, 10)}
    assert (kept["organisation_id"], kept["score_permille"], kept["measured"]) == ("t-fire", 650, 60)
    again = score_of(tuple(Input.of_record(each) for each in kept["inputs"]))
    assert (again.permille, again.measured) == (kept["score_permille"], kept["measured"])


async def test_committee_is_never_scored(owner: Connection) -> None:
    await insert(owner, 1, satisfaction=100)
    with pytest.raises(asyncpg.CheckViolationError, match="committee"):
        await owner.execute(
            "INSERT INTO kpi_scores (scheme_id, version, organisation_id, from_day, to_day, measured, inputs,"
            " computed_at) VALUES ('s', 1, 'committee-tt', $1, $2, 0, '[]', $3)",
            TODAY,
            TOMORROW,
            AT,
        )


async def test_figures_group_by_property_area_and_courtyard(pool: Pool) -> None:
    ring = [[104, 30], [105, 30], [105, 31], [104, 31], [104, 30]]
    names = {"parent_id": "tt-east-1", "zh_name": "甲", "en_name": "A"}
    features = [
        {"id": name, "properties": names | {"level": level}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for name, level in (("p-1", "property_area"), ("y-1", "courtyard"))
    ]
    async with transaction(pool, scope=SYSTEM) as conn:
        await import_areas(conn, features)
        for lon in (104.5, 104.6, 106.0):
            incident_id, case_id = await incident(conn)
            await store.open_ticket(conn, draft(incident_id, case_id, lon=lon, lat=30.5), AT)
    for counted in (0, 1):
        async with transaction(pool, scope=SYSTEM) as conn:
            assert await rollups.bring_up(conn, AT + timedelta(days=counted), 10) == counted
            for dimension, member in ((Dimension.PROPERTY_AREA, "p-1"), (Dimension.COURTYARD, "y-1")):
                asked = Question(indicators=("found_by_devices",), since=TODAY, until=TOMORROW, dimension=dimension)
                found = await answering.answer(conn, asked)
                assert {key.member: figure for key, figure in found.items()} == {member: Figure(2, 2, 2)}


async def _evaluated(owner: Connection) -> None:
    """An evaluation that two residents answered, and a hearing of committees."""
    evaluation_id = await owner.fetchval(
        "INSERT INTO evaluations (number, committee_id, subject, subject_organisation_id, authority_organisation_id,"
        " period_from, period_to, form, summary, opened_at, delivered_at) VALUES ('E-1', 'committee-tt',"
        " 'administrative_organ', 't-fire', 't-civil', $1, $1, 'questionnaire', '意见', $2, $2) RETURNING id",
        TODAY,
        AT,
    )
    for number, score in enumerate((5, 2), start=1):
        await owner.execute(
            "INSERT INTO evaluation_opinions VALUES ($1, $2, $3, NULL, $4)", evaluation_id, number, score, AT
        )
    assessment_id = await owner.fetchval(
        "INSERT INTO organ_assessments (number, unit_organisation_id, period_from, period_to, opened_at, opened_by)"
        " VALUES ('A-1', 't-fire', $1, $1, $2, 'user:1') RETURNING id",
        TODAY,
        AT,
    )
    for form in ("visit", "symposium"):
        await owner.execute(
            "INSERT INTO assessment_hearings VALUES"
            " ($1, 'committee-tt', $2::text::hearing_form, 4, '意见', $3, 'user:1')",
            assessment_id,
            form,
            AT,
        )
