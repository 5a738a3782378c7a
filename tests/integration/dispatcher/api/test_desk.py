"""The desk's routes: call-backs as an agent works through them, knowledge and legal bases that decisions must cite."""

from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.tickets import store
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import EAST, NOON
from tests.integration.dispatcher.api.running import Api

ARTICLE = {
    "kind": None,
    "demand": "consultation",
    "zh_title": "居住证怎么办理",
    "en_title": "How to get a residence permit",
    "zh_text": "携带身份证和租房合同到社区服务中心办理。",
    "en_text": "Bring your identity card and the lease to the community service centre.",
    "source": "community handbook 2026",
    "valid_from": "2026-01-01",
    "valid_until": None,
}


async def reported(api: Api, owner: Connection, **more: Any) -> tuple[int, dict[str, Any]]:
    """A ticket with one report, and the call as it was taken."""
    ticket_id = await community.add_ticket(owner, EAST)
    taker = await api.as_user("call_taker")
    call = {"text": "楼下垃圾冒烟 13812345678", "caller_name": "张三", "caller_phone": "13812345678", "area_id": EAST}
    _, taken = await taker.post("hotline/calls", call | more, Idempotency_Key=f"of-{ticket_id}")
    async with owner.transaction():
        await store.join_report(owner, ticket_id, taken["id"], None, NOON)
    return ticket_id, taken


async def wait_for_call(owner: Connection, ticket_id: int) -> None:
    """As if the ticket had been worked on and verified: what leads there is tested with the tickets."""
    await owner.execute(
        "UPDATE tickets SET state = 'awaiting_callback', lead_organisation_id = 'urban' WHERE id = $1", ticket_id
    )
    await owner.execute(
        "INSERT INTO ticket_assignments (ticket_id, generation, organisation_id, role, reason, assigned_at)"
        " VALUES ($1, 1, 'urban', 'lead', 'officer', $2)",
        ticket_id,
        NOON,
    )


async def test_agent_takes_looks_and_closes(exercise_api: Api, owner: Connection) -> None:
    api = exercise_api  # It is 20:00 in Chengdu: the last moment at which residents are called.
    ticket_id, taken = await reported(api, owner)
    await wait_for_call(owner, ticket_id)
    agent = await api.as_user("callback_agent")
    status, queue = await agent.get("callbacks")
    assert (status, [each["call_id"] for each in queue["items"]]) == (200, [taken["id"]])
    assert "138" not in str(queue)
    status, callback = await agent.post("callbacks", {"call_id": taken["id"]})
    assert (status, callback["result"]) == (200, None)
    assert "13812345678" not in str(callback)
    path = f"callbacks/{callback['id']}"
    status, caller = await agent.post(f"{path}/looks")
    assert (status, caller["caller_phone"], caller["caller_name"]) == (200, "13812345678", "张三")
    status, told = await agent.post(f"{path}/result", {"result": "partly", "satisfaction": 3})
    assert (status, told["guard"]) == (422, "reason_unless_resolved")
    status, done = await agent.post(
        f"{path}/result", {"result": "partly", "satisfaction": 3, "words": "烟没了，味还在"}
    )
    assert (status, done["result"], done["state"]) == (200, "partly", "closed")
    outcome = await owner.fetchrow("SELECT callback_outcome, satisfaction FROM ticket_reports")
    assert outcome is not None
    assert tuple(outcome) == ("partly", 3)


async def test_call_that_another_agent_took_is_told_as_such(exercise_api: Api, owner: Connection) -> None:
    api = exercise_api
    ticket_id, taken = await reported(api, owner)
    await wait_for_call(owner, ticket_id)
    await community.add_user(owner, "agent-2", UserRole.CALLBACK_AGENT, EAST)
    first, second = await api.as_user("callback_agent"), await api.as_user("agent-2")
    _, callback = await first.post("callbacks", {"call_id": taken["id"]})
    status, told = await second.post("callbacks", {"call_id": taken["id"]})
    assert (status, told["code"], told["guard"]) == (409, "already_decided", "call_taken")
    status, told = await second.post(f"callbacks/{callback['id']}/looks")
    assert (status, told["guard"]) == (422, "call_not_yours")
    leader = await api.as_user("shift_leader")
    assert (await leader.post(f"callbacks/{callback['id']}/looks"))[0] == 403
    assert (await leader.post(f"callbacks/{callback['id']}/release"))[0] == 200
    assert (await second.post("callbacks", {"call_id": taken["id"]}))[0] == 200


async def test_handling_unit_finds_its_own_work_in_no_queue(exercise_api: Api, owner: Connection) -> None:
    api = exercise_api
    ticket_id, taken = await reported(api, owner)
    await wait_for_call(owner, ticket_id)
    await community.add_user(owner, "urban-agent", UserRole.CALLBACK_AGENT, EAST, "urban")
    insider = await api.as_user("urban-agent")
    assert (await insider.get("callbacks"))[1]["items"] == []
    status, told = await insider.post("callbacks", {"call_id": taken["id"]})
    assert (status, told["guard"]) == (422, "actor_of_handling_unit")


async def test_withdrawal_counts_only_when_somebody_else_of_another_unit_confirmed_it(
    exercise_api: Api, owner: Connection
) -> None:
    api = exercise_api
    ticket_id, taken = await reported(api, owner)
    taker, agent = await api.as_user("call_taker"), await api.as_user("callback_agent")
    await community.add_user(owner, "both", UserRole.CALL_TAKER, EAST)
    await owner.execute("UPDATE users SET roles = '{call_taker,callback_agent}' WHERE login = 'both'")
    both = await api.as_user("both")
    ask = {"version": 1, "reason": "来电说不用管了", "fields": {"call_id": taken["id"]}}
    status, _ = await both.post(f"tickets/{ticket_id}/actions/request_withdrawal", ask)
    assert status == 200
    assert await owner.fetchval("SELECT callback_outcome FROM ticket_reports") is None
    confirm = {"version": 2, "fields": {"record": "回电核实"}}
    status, told = await both.post(f"tickets/{ticket_id}/actions/confirm_withdrawal", confirm)
    assert (status, told["guard"]) == (422, "own_request")
    assert (await taker.post(f"tickets/{ticket_id}/actions/confirm_withdrawal", confirm))[0] == 403
    assert (await agent.post(f"tickets/{ticket_id}/actions/confirm_withdrawal", confirm))[0] == 200
    assert await owner.fetchval("SELECT callback_outcome FROM ticket_reports") == "withdrawn"


async def test_refusal_cites_a_basis_in_force_for_its_reason(api: Api, owner: Connection) -> None:
    ticket_id = await community.add_ticket(owner, EAST)
    taker = await api.as_user("call_taker")
    _, bases = await taker.get("refusal-bases")
    assert {"other_region", "arbitration"} <= {each["code"] for each in bases["items"]}
    path = f"tickets/{ticket_id}/actions/refuse_accept"
    for code, basis in (("outside_area", "条例第五十条"), ("outside_area", "arbitration"), ("secret", "other_region")):
        body = {"version": 1, "reason": "不归我们", "fields": {"code": code, "legal_basis": basis}}
        status, told = await taker.post(path, body)
        assert (status, told["errors"][0]["loc"]) == (422, ["body", "fields", "legal_basis"]), told
    body = {"version": 1, "reason": "不归我们", "fields": {"code": "outside_area", "legal_basis": "other_region"}}
    status, shown = await taker.post(path, body)
    assert (status, shown["state"]) == (200, "not_accepted")


async def test_article_is_found_by_what_callers_say_and_cited_with_its_version(api: Api, owner: Connection) -> None:
    leader, taker = await api.as_user("shift_leader"), await api.as_user("call_taker")
    status, first = await leader.post("knowledge/residence-permit/versions", ARTICLE)
    assert (status, first["version"]) == (201, 1), first
    other = {
        **ARTICLE,
        "zh_title": "停水怎么办",
        "en_title": "No water",
        "zh_text": "请拨供水热线。",
        "en_text": "Call.",
    }
    await leader.post("knowledge/no-water/versions", other)
    assert (await taker.post("knowledge/x/versions", ARTICLE))[0] == 403
    for question, ids in (
        ("请问居住证到哪里办", ["residence-permit"]),
        ("停水", ["no-water"]),
        ("RESIDENCE permit?", ["residence-permit"]),
        ("地铁", []),
        ("%_'", []),
    ):
        status, found = await taker.get("knowledge", q=question)
        assert (status, [each["id"] for each in found["items"]]) == (200, ids), question
    ticket_id, _ = await reported(api, owner, demand="consultation")
    cite = {"answer": "到社区服务中心办理", "article": "residence-permit", "demand": "consultation"}
    path = f"tickets/{ticket_id}/actions/answer"
    await leader.post("knowledge/residence-permit/versions", {**ARTICLE, "zh_text": "已改为网上办理。"})
    for version in (1, 3):  # no longer, and not yet
        status, told = await taker.post(path, {"version": 1, "fields": {**cite, "article_version": version}})
        assert (status, told["errors"][0]["loc"]) == (422, ["body", "fields", "article"]), told
    status, shown = await taker.post(path, {"version": 1, "fields": {**cite, "article_version": 2}})
    assert (status, shown["state"]) == (200, "answered"), shown
    kept = await owner.fetchval("SELECT fields FROM ticket_transitions WHERE event = 'answer'")
    assert (kept["article"], kept["article_version"]) == ("residence-permit", 2)
    _, versions = await taker.get("knowledge/residence-permit")
    assert [each["version"] for each in versions["items"]] == [2, 1]


@pytest.mark.parametrize("last_day", ["2026-01-02", "2025-01-01"])
async def test_ended_version_is_neither_found_nor_cited(api: Api, last_day: str) -> None:
    leader = await api.as_user("shift_leader")
    await leader.post("knowledge/residence-permit/versions", ARTICLE)
    status, _ = await leader.post("knowledge/residence-permit/versions/1/end", {"last_day": last_day})
    if last_day < ARTICLE["valid_from"]:  # type: ignore[operator]
        assert status == 404
        return
    assert status == 200
    assert (await leader.get("knowledge", q="居住证"))[1]["items"] == []
