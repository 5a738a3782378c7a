"""Joint rectification through the api: proposals, clocks that explain themselves, sub-tasks, fifty officers at once."""

import asyncio

from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import EAST
from tests.integration.dispatcher.api.running import Api


async def test_proposal_is_made_once_a_case_by_those_who_may(api: Api, owner: Connection) -> None:
    ticket = await community.add_ticket(owner, EAST)
    officer, taker = await api.as_user("duty_officer"), await api.as_user("call_taker")
    body = {"ticket_id": ticket, "level": 3, "cause": "同一原因反复投诉"}
    assert (await taker.post("tickets/proposals", body))[0] == 403
    status, shown = await officer.post("tickets/proposals", body)
    assert (status, shown["ticket_kind"], shown["state"], shown["grade"]) == (200, "joint_rectification", "proposed", 3)
    status, told = await officer.post("tickets/proposals", body)
    assert (status, told["code"]) == (409, "already_exists")
    status, told = await officer.post("tickets/proposals", body | {"ticket_id": 999_999})
    assert status == 404
    supervisor = await api.as_user("supervisor")
    _, detail = await supervisor.get(f"tickets/{shown['id']}")
    admit = next(action for action in detail["actions"] if action["event"] == "admit")
    fields = {field["name"]: field for field in admit["fields"]}
    assert (fields["level"]["minimum"], fields["level"]["maximum"]) == (1, 4)
    assert fields["lec_likelihood"]["type"] == "decimal"
    body = {"version": 1, "fields": {"level": 3, "lec_likelihood": 0.5}}
    status, told = await supervisor.post(f"tickets/{shown['id']}/actions/admit", body)
    assert (status, told["guard"]) == (422, "lec_disagrees")
    status, admitted = await supervisor.post(
        f"tickets/{shown['id']}/actions/admit", {"version": 1, "fields": {"level": 3}}
    )
    assert (status, admitted["state"], admitted["number"][:3]) == (200, "admitted", "JR-")
    _, page = await supervisor.get(f"tickets/{shown['id']}/clocks")
    clocks = {clock["clock"]: clock for clock in page["items"]}
    assert set(clocks) == {"j_admit", "j_interim", "j_lead"}
    assert clocks["j_lead"]["explanation"]["limit"]["source"]
    assert [step["action"] for step in clocks["j_lead"]["steps"]] == ["remind", "urge", "supervise", "review"]
    assert (await supervisor.get(f"tickets/{shown['id']}/subtasks"))[1] == {"items": []}
    west = await api.as_user("west")
    for path in ("clocks", "subtasks"):
        assert (await west.get(f"tickets/{shown['id']}/{path}"))[0] == 404


async def test_of_fifty_officers_one_takes_the_ticket_and_the_others_learn_who(api: Api, owner: Connection) -> None:
    ticket = await community.add_ticket(owner, EAST)
    logins = ("call_taker", "duty_officer", "shift_leader")
    officers = [await api.as_user(logins[number % 3]) for number in range(50)]
    answers = await asyncio.gather(
        *(officer.post(f"tickets/{ticket}/actions/accept", {"version": 1}) for officer in officers)
    )
    assert sorted(status for status, _ in answers) == [200] + [409] * 49
    winners = {told["winner"]["actor_name"] for status, told in answers if status == 409}
    assert len(winners) == 1
    assert winners <= set(logins)


async def test_proposal_of_the_detectors_is_taken_up_or_declined_once(api: Api, owner: Connection) -> None:
    incident_id, _ = await community.add_incident(owner, EAST)
    kind = await owner.fetchval("SELECT kind FROM incidents")
    path = await owner.fetchval("SELECT path FROM areas WHERE id = $1", EAST)
    first, second = [
        await owner.fetchval(
            "INSERT INTO proposals (source, kind, place_key, area_id, area_path, reason, witnesses, proposed_at)"
            " VALUES ('recurrence', $1, $2, $3, $4, '{}', $5, $6) RETURNING id",
            kind,
            f"place:{number}",
            EAST,
            path,
            [incident_id],
            community.NOON,
        )
        for number in range(2)
    ]
    officer, west = await api.as_user("duty_officer"), await api.as_user("west")
    asked = {"level": 2, "reason": "三次同一原因"}
    assert (await west.post(f"rates/proposals/{first}/tickets", asked))[0] in (403, 404)
    status, shown = await officer.post(f"rates/proposals/{first}/tickets", asked)
    assert (status, shown["state"], shown["grade"]) == (200, "proposed", 2), shown
    status, told = await officer.post(f"rates/proposals/{first}/tickets", asked)
    assert (status, told["code"], told["state"]) == (409, "already_decided", "admitted")
    assert (await officer.post(f"rates/proposals/{second}/tickets", asked))[1]["code"] == "already_exists"
    assert (await officer.post(f"rates/proposals/{second}/refusal", {"reason": "同案"}))[0] == 204
    rows = await owner.fetch("SELECT state::text, ticket_id, decision_reason FROM proposals ORDER BY id")
    assert [tuple(row) for row in rows] == [("admitted", shown["id"], "三次同一原因"), ("declined", None, "同案")]
