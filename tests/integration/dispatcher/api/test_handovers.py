"""Calls to emergency services and reports upward over HTTP: signed answers, the telephone, and what is owed."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.channels import signing
from dispatcher.handovers import stage
from runtime.pool import SYSTEM, Connection, transaction
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import DISTRICT, EAST
from tests.integration.dispatcher.api.running import Api
from tests.integration.dispatcher.tickets.town import StepOfTown

SECRET = "whsec_" + b64encode(b"k" * 24).decode()
OTHER = "whsec_" + b64encode(b"o" * 24).decode()


@pytest.fixture
async def called(east: Api, owner: Connection) -> tuple[Api, dict[str, Any]]:
    """A ticket for which an officer called 119, whose system listens."""
    await community.add_user(owner, "desk-officer", UserRole.DUTY_OFFICER, DISTRICT, "desk")
    await community.add_user(owner, "desk-leader", UserRole.SHIFT_LEADER, DISTRICT, "desk")
    for unit, secret in (("fire", SECRET), ("urban", OTHER)):
        await owner.execute(
            "INSERT INTO webhook_endpoints (organisation_id, url, secret) VALUES ($1, 'https://example.invalid/x', $2)",
            unit,
            secret,
        )
    ticket = await community.add_ticket(owner, EAST)
    status, told = await (await east.as_user("desk-officer")).post(
        "emergency-handovers", {"ticket_id": ticket, "service": "119"}
    )
    assert status == 201, told
    return east, told


async def answer(
    api: Api, said: dict[str, Any], *, secret: str = SECRET, key: str = "m1", age_s: int = 0
) -> tuple[int, Any]:
    body = json.dumps(said).encode()
    signed_at = datetime.now(UTC) - timedelta(seconds=age_s)
    headers = {**signing.headers(secret, key, signed_at, body), "Content-Type": "application/json"}
    async with api.nobody.session.post("/api/v1/emergency-returns", data=body, headers=headers) as told:
        return told.status, await told.json()


async def test_signed_answer_is_taken_in_once(called: tuple[Api, dict[str, Any]]) -> None:
    api, handover = called
    assert (handover["state"], handover["organisation_id"]) == ("called", "fire")
    said = {"number": handover["number"], "state": "acknowledged", "external_no": "119-7"}
    assert await answer(api, said) == (200, {"number": handover["number"], "state": "acknowledged", "duplicate": False})
    assert (await answer(api, said))[1]["duplicate"] is True
    status, told = await (await api.as_user("desk-officer")).get(f"emergency-handovers/{handover['id']}")
    assert (status, told["external_no"], told["next_at"]) == (200, "119-7", None)
    assert [entry["event"] for entry in told["entries"]] == ["open", "acknowledged"]


async def test_whoever_was_not_called_is_refused(called: tuple[Api, dict[str, Any]]) -> None:
    api, handover = called
    said = {"number": handover["number"], "state": "acknowledged"}
    refused = [
        await answer(api, said, secret=OTHER),
        await answer(api, said, age_s=600),
        await answer(api, said | {"number": "EH-20200101-00001"}),
        await api.nobody.post("emergency-returns", said),
    ]
    assert [(status, told["code"]) for status, told in refused] == [(401, "unauthenticated")] * 4
    _, told = await (await api.as_user("desk-officer")).get(f"emergency-handovers/{handover['id']}")
    assert told["state"] == "called"


async def test_officer_enters_what_was_said_and_nobody_else_may(called: tuple[Api, dict[str, Any]]) -> None:
    api, handover = called
    path = f"emergency-handovers/{handover['id']}/answers"
    said = {"version": 1, "state": "on_scene", "external_no": "7"}
    assert (await (await api.as_user("fire-head")).post(path, said))[0] == 403
    status, told = await (await api.as_user("desk-officer")).post(path, said)
    assert (status, told["state"], told["acked_at"] is not None) == (200, "on_scene", True)
    assert (await (await api.as_user("desk-officer")).post(path, said))[0] == 409
    again = {"ticket_id": handover["ticket_id"], "service": "119"}
    assert (await (await api.as_user("desk-officer")).post("emergency-handovers", again))[0] == 409


async def test_owed_report_is_listed_until_it_is_sent(called: tuple[Api, dict[str, Any]], owner: Connection) -> None:
    api, handover = called
    officer, leader = await api.as_user("desk-officer"), await api.as_user("desk-leader")
    ticket = handover["ticket_id"]
    for event, fields in (("accept", {}), ("grade", {"grade": 2})):
        _, shown = await officer.get(f"tickets/{ticket}")
        body = {"version": shown["version"], "fields": fields, "reason": "现场核实"}
        status, told = await officer.post(f"tickets/{ticket}/actions/{event}", body)
        assert status == 200, told
    async with transaction(api.pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, await owner.fetchval("SELECT max(at) FROM ticket_followups")))
    _, owed = await officer.get("upward-reports", due="true")
    (report,) = owed["items"]
    assert (report["part"], report["grade"], report["state"]) == ("first", 2, "draft")
    path = f"upward-reports/{report['id']}/actions"
    assert (await officer.post(f"{path}/approve", {"version": 1}))[0] == 403
    status, told = await leader.post(f"{path}/approve", {"version": 1})
    assert (status, told["state"]) == (200, "approved")
    status, told = await officer.post(f"{path}/send", {"version": 2, "fields": {"receiver": "市政府总值班室"}})
    assert (status, told["state"], len(told["records"])) == (200, "sent", 3)
    _, owed = await officer.get("upward-reports", due="true")
    assert [each["part"] for each in owed["items"]] == ["follow_up"]
    assert (await (await api.as_user("fire-head")).get("upward-reports"))[0] == 403
