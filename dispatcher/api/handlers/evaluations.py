"""Art. 46: committees' evaluations with their replies, residents' opinions in sums, assessments of organs."""

from typing import Any

from dispatcher.accounts.model import User, UserRole
from dispatcher.api.cursors import decode, encode
from dispatcher.api.handlers.admission import act_of
from dispatcher.api.models import evaluations as models
from dispatcher.api.models.admission import ActAsk, ActPath, RecordLine
from dispatcher.api.models.wire import ById, Paged
from dispatcher.api.routing import Call
from dispatcher.evaluations import assessments, evaluating, reading
from dispatcher.evaluations.procedures import allowed_events
from dispatcher.evaluations.reading import QUERIES
from dispatcher.evaluations.veil import Seat, hearing_figures, opinion_figures, seat_of, veiled, veiled_records
from runtime.pool import Connection


async def list_evaluations(call: Call[None, models.EvaluationFilter, None]) -> models.Evaluations:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await reading.page(
        call.conn,
        reading.Sight.of(call.viewer),
        state=asked.state,
        unit=asked.unit,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Evaluations(items=[models.Evaluation(**_row(row, call.viewer)) for row in rows], next=following)


async def read_evaluation(call: Call[ById, None, None]) -> models.EvaluationDetail:
    return await _detail(call.conn, call.params.id, call.viewer)


async def draft_evaluation(call: Call[None, None, models.NewEvaluation]) -> models.EvaluationDetail:
    asked = call.body
    wanted = evaluating.NewEvaluation(
        subject=asked.subject,
        unit_id=asked.unit,
        authority_id=asked.authority,
        period_from=asked.period_from,
        period_to=asked.period_to,
        form=asked.form,
        summary=asked.summary,
    )
    return await _detail(call.conn, await evaluating.draft(call.conn, wanted, call.viewer, call.at), call.viewer)


async def add_opinion(call: Call[ById, None, models.NewOpinion]) -> models.EvaluationDetail:
    asked = call.body
    await evaluating.add_opinion(call.conn, call.params.id, asked.score, asked.text, call.viewer, call.at)
    return await _detail(call.conn, call.params.id, call.viewer)


async def act_on_evaluation(call: Call[ActPath, None, ActAsk]) -> models.EvaluationDetail:
    await evaluating.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    return await _detail(call.conn, call.params.id, call.viewer)


async def list_evaluation_sums(call: Call[None, models.SumFilter, None]) -> models.EvaluationSums:
    sight = reading.Sight.of(call.viewer)
    rows = await call.conn.fetch(
        QUERIES.list_sums, sight.oversees, sight.area_id, sight.organisation_id, call.query.unit
    )
    return models.EvaluationSums(items=[_sum(dict(row), call.viewer) for row in rows])


async def list_organ_assessments(call: Call[None, Paged, None]) -> models.Assessments:
    key = decode(call.query.cursor, int)
    rows = await assessments.page(call.conn, call.viewer, before_id=key[0] if key else None, limit=call.query.limit)
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.Assessments(
        items=[models.Assessment(**_assessment(row, call.viewer)) for row in rows], next=following
    )


async def open_organ_assessment(call: Call[None, None, models.NewAssessment]) -> models.AssessmentDetail:
    asked = call.body
    assessment_id = await assessments.open_assessment(
        call.conn, asked.unit, asked.period_from, asked.period_to, call.viewer, call.at
    )
    return await _assessment_detail(call.conn, assessment_id, call.viewer)


async def read_organ_assessment(call: Call[ById, None, None]) -> models.AssessmentDetail:
    return await _assessment_detail(call.conn, call.params.id, call.viewer)


async def hear_committee(call: Call[ById, None, models.NewHearing]) -> models.AssessmentDetail:
    asked = call.body
    said = assessments.Hearing(asked.committee, asked.form, asked.score, asked.opinion)
    await assessments.hear(call.conn, call.params.id, said, call.viewer, call.at)
    return await _assessment_detail(call.conn, call.params.id, call.viewer)


async def conclude_organ_assessment(call: Call[ById, None, models.Conclusion]) -> models.AssessmentDetail:
    asked = call.body
    await assessments.conclude(call.conn, call.params.id, asked.version, asked.conclusion, call.viewer, call.at)
    return await _assessment_detail(call.conn, call.params.id, call.viewer)


async def _detail(conn: Connection, evaluation_id: int, viewer: User) -> models.EvaluationDetail:
    row = await reading.read(conn, evaluation_id, reading.Sight.of(viewer))
    seat = seat_of(viewer, row)
    said = dict(await conn.fetchrow(QUERIES.sum_opinions, evaluation_id) or {})
    figures = opinion_figures(said["opinions"], 1, said["score_sum"], said["satisfied"], assessed=seat is Seat.ASSESSED)
    single = await conn.fetch(QUERIES.list_opinions, evaluation_id) if seat is Seat.COMMITTEE else []
    clocks = await conn.fetch(QUERIES.list_clocks, evaluation_id)
    shown = ("clock", "run", "started_at", "due_at", "remind_at", "breached_at", "stopped_at", "explanation")
    lines = veiled_records(await reading.history(conn, evaluation_id), seat)
    return models.EvaluationDetail(
        **_row(row, viewer),
        figures=models.EvaluationFigures(**figures),
        opinions=[models.Opinion(**dict(each)) for each in single],
        clocks=[models.EvaluationTime(**{name: each[name] for name in shown}) for each in clocks],
        records=[RecordLine(**line) for line in lines],
    )


def _row(row: dict[str, Any], viewer: User) -> dict[str, Any]:
    told = veiled(row, seat_of(viewer, row))
    shown = {name: told[name] for name in models.Evaluation.model_fields if name != "actions"}
    return shown | {"actions": allowed_events(viewer, reading.standing_of(row))}


def _sum(row: dict[str, Any], viewer: User) -> models.EvaluationSum:
    assessed = viewer.organisation_id == row["subject_organisation_id"]
    figures = opinion_figures(
        row.pop("opinions"), row.pop("committees"), row.pop("score_sum"), row.pop("satisfied"), assessed=assessed
    )
    del row["evaluations"]
    return models.EvaluationSum(**row, **figures)


def _assessment(row: dict[str, Any], viewer: User) -> dict[str, Any]:
    assessed = viewer.organisation_id == row["unit_organisation_id"]
    # A committee that may speak sees that the assessment is open, not what others said.
    veil = assessed or UserRole.COMMITTEE in viewer.roles
    figures = hearing_figures(row["committees"], row["score_sum"], assessed=veil)
    score_sum = figures.pop("score_sum")
    mean = None if score_sum is None else round(score_sum / row["hearings"], 1)
    names = set(models.Assessment.model_fields) - {"too_few", "committees", "mean_score", "forms"}
    forms = [] if veil and figures["too_few"] else row["forms"]
    return {name: row[name] for name in names} | figures | {"mean_score": mean, "forms": forms}


async def _assessment_detail(conn: Connection, assessment_id: int, viewer: User) -> models.AssessmentDetail:
    row = await assessments.read(conn, assessment_id, viewer)
    heard = await assessments.hearings(conn, assessment_id)
    if viewer.organisation_id == row["unit_organisation_id"]:
        heard = []
    if UserRole.COMMITTEE in viewer.roles:
        heard = [each for each in heard if each["committee_id"] == viewer.organisation_id]
    late = dict(
        await conn.fetchrow(QUERIES.count_late, row["unit_organisation_id"], row["period_from"], row["period_to"]) or {}
    )
    return models.AssessmentDetail(
        **_assessment(row, viewer),
        hearings=[models.HeardCommittee(**each) for each in heard],
        late_replies=late["replies"],
        late_measures=late["measures"],
    )
