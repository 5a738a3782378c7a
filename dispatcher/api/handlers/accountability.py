"""Art. 50 over HTTP: breaches, files and their export, competent organs, petitions; each to who must know."""

import json
from typing import Any

from aiohttp import web

from dispatcher.accountability import export, files, petitions
from dispatcher.accountability.files import QUERIES, Sight
from dispatcher.accountability.petitions import Petition
from dispatcher.accounts.model import User
from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import FieldRefused, Forbidden
from dispatcher.api.handlers.admission import act_of
from dispatcher.api.models import accountability as models
from dispatcher.api.models.admission import ActAsk, ActPath
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.channels.masking import masked_name, masked_text
from runtime.pool import Connection

_LAST = 2**63 - 1


async def list_breaches(call: Call[None, models.BreachFilter, None]) -> models.Breaches:
    asked, sight = call.query, Sight.of(call.viewer)
    key = decode(asked.cursor, int)
    rows = await call.conn.fetch(
        QUERIES.list_breaches,
        sight.area_id,
        sight.supervising,
        sight.unit_id,
        asked.type,
        asked.unit,
        key[0] if key else _LAST,
        asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Breaches(items=[models.BreachLine(**dict(row)) for row in rows], next=following)


async def list_accountability_files(
    call: Call[None, models.AccountabilityFilter, None],
) -> models.AccountabilityFiles:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await files.page(
        call.conn,
        Sight.of(call.viewer),
        state=asked.state,
        type_=asked.type,
        unit_id=asked.unit,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    items = [models.AccountabilityFile(**_shown(row, call.viewer)) for row in rows]
    return models.AccountabilityFiles(items=items, next=following)


async def read_accountability_file(call: Call[ById, None, None]) -> models.AccountabilityDetail:
    return await _detail(call.conn, call.params.id, call.viewer)


async def open_accountability_file(call: Call[None, None, models.NewFile]) -> models.AccountabilityDetail:
    """On a breach that stands, or on a fact that the supervisor records with it."""
    asked = call.body
    if asked.breach_id is not None:
        file_id = await files.open_by_decision(call.conn, asked.breach_id, asked.reason, call.viewer, call.at)
    elif asked.type is None or asked.unit is None:
        missing = "type" if asked.type is None else "unit"
        raise FieldRefused(("body", missing), "is needed where no breach_id is given")
    else:
        file_id = await files.record_and_open(
            call.conn,
            type_=asked.type,
            unit_id=asked.unit,
            ticket_id=asked.ticket_id,
            facts_said=asked.reason,
            user=call.viewer,
            at=call.at,
        )
    return await _detail(call.conn, file_id, call.viewer)


async def act_on_accountability_file(call: Call[ActPath, None, ActAsk]) -> models.AccountabilityDetail:
    await files.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    return await _detail(call.conn, call.params.id, call.viewer)


async def export_accountability_file(call: Call[ById, None, None]) -> web.Response:
    """The bundle for a competent organ; who downloads it carries it. Only for a supervisor, whose names stand in it."""
    row = await files.read(call.conn, call.params.id, Sight.of(call.viewer))
    if row["unit_organisation_id"] == call.viewer.organisation_id:
        raise Forbidden
    seals = [dict(seal) for seal in await call.conn.fetch(QUERIES.list_seals, call.params.id)]
    return web.Response(
        body=export.bundle(row["number"], seals, call.at),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{row["number"]}.zip"'},
    )


async def list_competent_organs(call: Call[None, None, None]) -> models.Organs:
    rows = await call.conn.fetch(QUERIES.list_organs)
    return models.Organs(items=[models.Organ(**dict(row)) for row in rows])


async def list_petitions(call: Call[None, models.PetitionFilter, None]) -> models.Petitions:
    key = decode(call.query.cursor, int)
    rows = await petitions.page(
        call.conn,
        call.viewer,
        state=call.query.state,
        before_id=key[0] if key else None,
        limit=call.query.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.Petitions(items=[models.Petition(**_petition(row, call.viewer)) for row in rows], next=following)


async def read_petition(call: Call[ById, None, None]) -> models.PetitionDetail:
    return await _petition_detail(call.conn, call.params.id, call.viewer)


async def receive_petition(call: Call[None, None, models.NewPetition]) -> models.PetitionDetail:
    asked = call.body
    if asked.about == call.viewer.organisation_id:
        raise FieldRefused(("body", "about"), "nobody takes in a petition about itself")
    said = Petition(
        kind=asked.kind,
        about_id=asked.about,
        receiver_id=asked.receiver,
        matter=asked.matter,
        petitioner=asked.petitioner,
        contact=asked.contact,
    )
    petition_id = await petitions.receive(call.conn, said, call.viewer, call.at)
    # Who took it in need not see it again: what stands is told once, without the name.
    row = await petitions.read_once(call.conn, petition_id)
    return models.PetitionDetail(**_petition(row, call.viewer), records=[])


async def act_on_petition(call: Call[ActPath, None, ActAsk]) -> models.PetitionDetail:
    await petitions.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    return await _petition_detail(call.conn, call.params.id, call.viewer)


def _shown(row: dict[str, Any], viewer: User) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "area_path"} | {
        "actions": files.events_for(row, viewer)
    }


async def _detail(conn: Connection, file_id: int, viewer: User) -> models.AccountabilityDetail:
    sight = Sight.of(viewer)
    row = await files.read(conn, file_id, sight)
    seals = [
        models.Seal(**{**dict(seal), "content": _read(json.loads(seal["content"]), masked=sight.masked)})
        for seal in await conn.fetch(QUERIES.list_seals, file_id)
    ]
    return models.AccountabilityDetail(**_shown(row, viewer), seals=seals)


def _read(content: dict[str, Any], *, masked: bool) -> dict[str, Any]:
    if not masked:
        return content
    actor = content["actor"]
    hidden = {name: masked_text(value) if isinstance(value, str) else value for name, value in content.items()}
    if "fact" in content:
        # What a supervisor wrote down stands among the frozen facts too.
        hidden["fact"] = content["fact"] | {"explanation": _masked(content["fact"]["explanation"])}
    return hidden | {"actor": {**actor, "name": masked_name(actor["name"]), "id": None}}


def _masked(told: Any) -> Any:
    if isinstance(told, str):
        return masked_text(told)
    if isinstance(told, dict):
        return {name: _masked(inner) for name, inner in told.items()}
    return [_masked(inner) for inner in told] if isinstance(told, list) else told


def _petition(row: dict[str, Any], viewer: User) -> dict[str, Any]:
    unknown = {} if petitions.reads_petitioner(row, viewer) else {"petitioner": None, "contact": None}
    hidden = {"area_path", "accept_limit", "handle_limit", "next_due_at"}
    shown = {name: value for name, value in row.items() if name not in hidden}
    if Sight.of(viewer).masked:
        shown |= {"matter": masked_text(row["matter"])}
    return shown | unknown | {"actions": petitions.events_for(row, viewer)}


async def _petition_detail(conn: Connection, petition_id: int, viewer: User) -> models.PetitionDetail:
    row = await petitions.read(conn, petition_id, viewer)
    records = [models.PetitionRecord(**line) for line in await petitions.history(conn, petition_id)]
    if Sight.of(viewer).masked:
        records = [
            each.model_copy(
                update={
                    "actor_name": masked_name(each.actor_name) or "",
                    "reason": _masked(each.reason),
                    "fields": _masked(each.fields),
                }
            )
            for each in records
        ]
    return models.PetitionDetail(**_petition(row, viewer), records=records)
