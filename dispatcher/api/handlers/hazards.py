"""The hazard register over HTTP: list, read, register, assess, explain, decide; what stands near an incident."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dispatcher.accounts.model import User
from dispatcher.api.cursors import decode, encode
from dispatcher.api.models import hazards as models
from dispatcher.api.models.wire import ById
from dispatcher.api.reading import records as incidents
from dispatcher.api.routing import Call
from dispatcher.screening import hazards, records
from dispatcher.screening.levels import Change, assess, what_if
from dispatcher.screening.lifecycle import Act, allowed_events
from dispatcher.screening.model import Factors, Hazard, HazardDraft, HazardState
from dispatcher.screening.nearby import hazards_near
from dispatcher.screening.records import QUERIES
from registry.hazards import HazardScales, read_hazard_kinds, read_hazard_scales
from runtime.pool import Connection


async def list_hazard_kinds(call: Call[None, None, None]) -> models.HazardKinds:
    kinds = await read_hazard_kinds(call.conn)
    scales = await read_hazard_scales(call.conn)
    return models.HazardKinds(
        kinds=[models.HazardKindView.model_validate(kind, from_attributes=True) for kind in kinds.values()],
        scales=[
            models.ScaleValue(
                factor=each.factor,
                value=float(each.value),
                zh_name=each.zh_name,
                en_name=each.en_name,
                source=each.source,
            )
            for values in scales.values.values()
            for each in values
        ],
        bounds=[models.LevelBound(level=level, product_min=float(product)) for product, level in scales.bounds],
        version=scales.version,
    )


async def list_hazards(call: Call[None, models.HazardFilter, None]) -> models.Hazards:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await records.list_hazards(
        call.conn,
        call.viewer.scope,
        state=asked.state,
        level=asked.level,
        kind=asked.kind,
        area_id=asked.area,
        ticket_id=asked.ticket,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Hazards(items=[models.Hazard(**_shown(row, call.viewer)) for row in rows], next=following)


async def read_hazard(call: Call[ById, None, None]) -> models.HazardDetail:
    return await _detail(call.conn, call.params.id, call.viewer)


async def register_hazard(call: Call[None, None, models.NewHazard]) -> models.HazardDetail:
    asked = call.body
    draft = HazardDraft(
        kind=asked.kind,
        area_id=asked.area,
        place=asked.place,
        description=asked.description,
        lon=asked.lon,
        lat=asked.lat,
        subject=asked.subject,
        device_id=asked.device_id,
        plan_id=asked.plan_id,
    )
    viewer = call.viewer
    hazard_id = await hazards.register(
        call.conn, draft, factors_of(asked.factors), asked.note, viewer, call.at, within=viewer.scope
    )
    return await _detail(call.conn, hazard_id, viewer)


async def assess_hazard(call: Call[ById, None, models.NewHazardAssessment]) -> models.HazardDetail:
    asked = call.body
    await hazards.assess(
        call.conn, call.params.id, asked.version, factors_of(asked.factors), asked.note, call.viewer, call.at
    )
    return await _detail(call.conn, call.params.id, call.viewer)


async def act_on_hazard(call: Call[models.HazardActPath, None, models.HazardAct]) -> models.HazardDetail:
    asked = call.body
    fields = asked.model_dump(exclude={"version", "reason"}, exclude_none=True)
    act = Act(call.params.event, asked.version, asked.reason, fields)
    await hazards.act(call.conn, call.params.id, act, call.viewer, call.at)
    return await _detail(call.conn, call.params.id, call.viewer)


async def explain_hazard(call: Call[ById, None, None]) -> models.HazardExplanation:
    """Under the scales that the newest assessment was made by, whatever is in force now."""
    conn, hazard_id = call.conn, call.params.id
    row = await records.read_row(conn, hazard_id, call.viewer.scope)
    newest = dict((await conn.fetch(QUERIES.list_assessments, hazard_id))[-1])
    kind = (await read_hazard_kinds(conn))[row["kind"]]
    scales = await read_hazard_scales(conn, newest["rules_version"], newest["matrix_version"])
    factors = records.factors_of(newest)
    found = assess(kind, factors, scales, relapsed=newest["relapsed"])
    return models.HazardExplanation(
        id=hazard_id,
        number=row["number"],
        level=newest["level"],
        reason=newest["reason"],
        lec_level=found.lec_level,
        matrix_level=found.matrix_level,
        mildest_level=kind.mildest_level,
        assessment=_assessment(newest),
        what_if=[_change(each, scales) for each in what_if(kind, factors, scales, relapsed=newest["relapsed"])],
    )


async def list_hazards_near_incident(call: Call[ById, None, None]) -> models.NearbyHazards:
    await incidents.find_incident(call.conn, call.viewer, call.params.id)
    return models.NearbyHazards(items=await nearby(call.conn, call.params.id, call.viewer))


async def nearby(conn: Connection, incident_id: int, viewer: User) -> list[models.NearbyHazard]:
    """The hazards within reach of an incident that the viewer sees."""
    return [models.NearbyHazard(**row) for row in await hazards_near(conn, incident_id, viewer.scope)]


def factors_of(asked: models.FactorsAsk) -> Factors:
    """The factors as exact decimals: 0.1 of the wire is the 0.1 of the scale."""
    cell = None if asked.cell is None else (asked.cell.consequence, asked.cell.likelihood)
    exact = [Decimal(str(value)) for value in (asked.likelihood, asked.exposure, asked.consequence)]
    return Factors(exact[0], exact[1], exact[2], cell)


async def _detail(conn: Connection, hazard_id: int, viewer: User) -> models.HazardDetail:
    row = await records.read_row(conn, hazard_id, viewer.scope)
    return models.HazardDetail(
        **_shown(row, viewer),
        assessments=[_assessment(dict(each)) for each in await conn.fetch(QUERIES.list_assessments, hazard_id)],
        records=[models.HazardLine(**dict(each)) for each in await conn.fetch(QUERIES.list_hazard_records, hazard_id)],
        findings=[
            models.HazardFinding(**dict(each)) for each in await conn.fetch(QUERIES.findings_of_hazard, hazard_id)
        ],
    )


def _shown(row: Mapping[str, Any], viewer: User) -> dict[str, Any]:
    names = {name: row[name] for name in Hazard.__dataclass_fields__ if name in row}
    hazard = Hazard(
        **names | {"state": HazardState(row["state"]), "area_path": tuple(row["area_path"])}, assessment=0, case_id=None
    )
    shown = {name: value for name, value in row.items() if name != "area_path"}
    return shown | {"actions": list(allowed_events(hazard, viewer))}


def _assessment(row: Mapping[str, Any]) -> models.HazardAssessment:
    kept = ("number", "at", "relapsed", "level", "reason", "rules_version", "matrix_version", "note", "actor_name")
    return models.HazardAssessment(
        **{name: row[name] for name in kept},
        likelihood=float(row["lec_likelihood"]),
        exposure=float(row["lec_exposure"]),
        consequence=float(row["lec_consequence"]),
        product=float(row["product"]),
        cell=None if row["consequence"] is None else [row["consequence"], row["likelihood"]],
    )


def _change(change: Change, scales: HazardScales) -> models.HazardChange:
    named = next(each for each in scales.values[change.factor] if each.value == change.value)
    return models.HazardChange(
        factor=change.factor,
        value=float(change.value),
        value_zh=named.zh_name,
        value_en=named.en_name,
        level=change.level,
    )
