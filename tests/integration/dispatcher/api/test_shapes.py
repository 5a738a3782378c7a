"""Officers split and merge incidents over HTTP: what the log says, what the step makes of it, and who is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.incidents import stage as incidents_stage
from dispatcher.tickets import stage as tickets_stage
from events.model import EventDraft
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft
from tests.integration.dispatcher.api.community import add_user
from tests.integration.dispatcher.api.running import Api, Client

NEAR, FAR = 0, 3000
VENDOR = "street_vendor_occupation"  # its tickets wait for an officer


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, incidents_stage.advance, tickets_stage.advance, incidents_stage.announce) as log:
        yield log


@pytest.fixture
async def leader(api: Api) -> Client:
    return await api.as_user("shift_leader")


@pytest.fixture
async def unit(api: Api, owner: Connection) -> Client:
    """Somebody of the unit that fires go to, which has a system that is told of its tickets."""
    await add_user(owner, "fire-handler", UserRole.DEPT_HANDLER, "district", "fire")
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret)"
        " VALUES ('fire', 'https://example.invalid/a', 'whsec_x')"
    )
    return await api.as_user("fire-handler")


async def split_fire(log: LogUnderTest, leader: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """A fire, and what an officer split off it; both have a ticket of the platform's."""
    west = seen("west", 0, 0)
    await log.write(west, seen("east", 10, 100))
    await log.step()
    (fire,) = await listed(leader)
    assert (await ask(leader, fire["id"], "split", event_uids=[west.uid.hex()]))[0] == 202
    await log.step()
    fire, piece = await listed(leader)
    return fire, piece


async def ticket(client: Client, ticket_id: int) -> dict[str, Any]:
    status, shown = await client.get(f"tickets/{ticket_id}")
    assert status == 200
    return dict(shown)


async def sign(unit: Client, ticket_id: int) -> dict[str, Any]:
    version = (await ticket(unit, ticket_id))["version"]
    status, shown = await unit.post(f"tickets/{ticket_id}/actions/acknowledge", {"version": version})
    assert status == 200, shown
    return dict(shown)


def seen(name: str, after_s: float, east_m: float, **changes: Any) -> EventDraft:
    return draft(name, after_s, east_m, area_id="east", area_path=("city", "district", "east"), **changes)


async def listed(client: Client, status: str = "open") -> list[dict[str, Any]]:
    answered, body = await client.get("incidents", status=status)
    assert answered == 200
    return sorted(body["items"], key=lambda item: item["id"])


async def detail(client: Client, incident_id: int) -> dict[str, Any]:
    status, body = await client.get(f"incidents/{incident_id}")
    assert status == 200
    return dict(body)


async def ask(client: Client, incident_id: int, act: str, **body: Any) -> tuple[int, Any]:
    version = body.pop("version", None) or (await detail(client, incident_id))["version"]
    return await client.post(f"incidents/{incident_id}/{act}", {"version": version, "reason": "seen on site", **body})


async def test_a_split_makes_events_an_incident_of_their_own_and_the_ticket_stays(
    log: LogUnderTest, leader: Client
) -> None:
    west, east = seen("west", 0, 0), seen("east", 10, 100)
    await log.write(west, east)
    await log.step()
    (fire,) = await listed(leader)
    status, accepted = await ask(leader, fire["id"], "split", event_uids=[west.uid.hex()])
    assert status == 202
    assert (accepted["act"], accepted["incident_id"]) == ("split", fire["id"])
    await log.step()
    rest, piece = await listed(leader)
    assert (rest["id"], rest["event_count"], rest["ticket_id"]) == (fire["id"], 1, fire["ticket_id"])
    assert piece["ticket_id"] not in (None, fire["ticket_id"])
    assert piece["case_id"] != rest["case_id"]
    shown = await detail(leader, fire["id"])
    (overlay,) = shown["overlays"]
    assert (overlay["act"], overlay["actor_role"], overlay["reason"], overlay["outcome"]) == (
        "split",
        "shift_leader",
        "seen on site",
        "applied",
    )
    assert overlay["actor_name"] == "shift_leader"
    assert sorted(overlay["result_ids"]) == [piece["id"]]
    assert (await detail(leader, piece["id"]))["overlays"] == [overlay]
    # What belongs to the place of both joins the rest, never what was split off; also after everything is built anew.
    log.restart()
    await log.write(seen("more", 20, 50))
    await log.step()
    assert [item["event_count"] for item in await listed(leader)] == [2, 1]


async def test_a_merge_makes_one_incident_of_two_and_the_alias_still_answers(log: LogUnderTest, leader: Client) -> None:
    await log.write(seen("west", 0, NEAR, kind=VENDOR), seen("east", 10, FAR, kind=VENDOR))
    await log.step()
    first, second = await listed(leader)
    status, _ = await ask(leader, second["id"], "merge", other_id=first["id"])
    assert status == 202
    await log.step()
    (both,) = await listed(leader)
    assert (both["id"], both["event_count"]) == (first["id"], 2)
    alias = await detail(leader, second["id"])
    assert (alias["status"], alias["merged_into"], alias["case_id"]) == ("merged", first["id"], first["case_id"])
    assert [one["id"] for one in (await detail(leader, first["id"]))["aliases"]] == [second["id"]]
    log.restart()
    await log.write(seen("more", 20, FAR + 10, kind=VENDOR))
    await log.step()
    assert [item["event_count"] for item in await listed(leader)] == [3]


async def test_a_split_is_undone_with_the_ticket_that_it_opened(
    log: LogUnderTest, leader: Client, unit: Client, owner: Connection
) -> None:
    fire, piece = await split_fire(log, leader)
    await sign(unit, fire["ticket_id"])  # Who works on the first goes on; nobody works on the other yet.
    status, _ = await ask(leader, fire["id"], "merge", other_id=piece["id"])
    assert status == 202
    await log.step()
    (both,) = await listed(leader)
    assert (both["id"], both["event_count"], both["ticket_id"]) == (fire["id"], 2, fire["ticket_id"])
    ended = await owner.fetchrow("SELECT state::text, merged_into FROM tickets WHERE id = $1", piece["ticket_id"])
    assert tuple(ended or ()) == ("merged", fire["ticket_id"])
    assert (await ticket(leader, fire["ticket_id"]))["state"] == "acknowledged"
    told = await owner.fetch("SELECT body FROM outbox WHERE ticket_id = $1 ORDER BY id", piece["ticket_id"])
    assert [row["body"]["event"] for row in told] == ["dispatch", "merge"]  # Its unit need not go there any more.


async def test_a_merge_that_would_end_work_in_hand_names_the_ticket_that_is_merged_first(
    log: LogUnderTest, leader: Client, unit: Client
) -> None:
    fire, piece = await split_fire(log, leader)
    shown = await sign(unit, piece["ticket_id"])
    status, problem = await ask(leader, fire["id"], "merge", other_id=piece["id"])
    assert (status, problem["code"], problem["guard"]) == (422, "guard_refused", "accepted_tickets")
    assert problem["tickets"] == [shown["number"]]
    body = {"version": shown["version"], "fields": {"survivor": fire["ticket_id"]}}
    assert (await leader.post(f"tickets/{shown['id']}/actions/merge", body))[0] == 200
    assert (await ask(leader, fire["id"], "merge", other_id=piece["id"]))[0] == 202
    await log.step()
    assert [row["event_count"] for row in await listed(leader)] == [2]


async def test_the_second_of_two_officers_is_told_that_the_incident_changed(
    log: LogUnderTest, leader: Client, api: Api
) -> None:
    west, east = seen("west", 0, 0), seen("east", 10, 100)
    await log.write(west, east)
    await log.step()
    (fire,) = await listed(leader)
    version = (await detail(leader, fire["id"]))["version"]
    await log.write(seen("more", 20, 50))
    await log.step()  # an event that joins does not move the version
    assert (await ask(leader, fire["id"], "split", version=version, event_uids=[west.uid.hex()]))[0] == 202
    second = await api.as_user("duty_officer")
    status, problem = await ask(second, fire["id"], "split", version=version, event_uids=[east.uid.hex()])
    assert (status, problem["code"], problem["version"]) == (409, "version_conflict", version + 1)


async def test_a_final_incident_is_never_reshaped(log: LogUnderTest, leader: Client) -> None:
    west = seen("west", 0, 0)
    await log.write(west, seen("east", 10, 100), seen("other", 90_000, 0))
    await log.step()
    await log.tick(80_000)
    await log.step()
    (fire,) = await listed(leader, "final")
    (other,) = await listed(leader)
    status, problem = await ask(leader, fire["id"], "split", event_uids=[west.uid.hex()])
    assert (status, problem["code"], problem["state"]) == (409, "transition_not_allowed", "final")
    status, problem = await ask(leader, other["id"], "merge", other_id=fire["id"])
    assert (status, problem["code"], problem["state"]) == (409, "transition_not_allowed", "final")


async def test_a_split_names_some_of_the_events_and_only_those(log: LogUnderTest, leader: Client) -> None:
    west, far = seen("west", 0, 0), seen("far", 0, FAR)
    await log.write(west, far)
    await log.step()
    fire, _ = await listed(leader)
    for uids in ([far.uid.hex()], [west.uid.hex()], ["00" * 16]):
        status, problem = await ask(leader, fire["id"], "split", event_uids=uids)
        assert (status, problem["code"]) == (422, "invalid_request")
        assert problem["errors"][0]["loc"] == ["body", "event_uids"]
    status, problem = await ask(leader, fire["id"], "merge", other_id=fire["id"])
    assert (status, problem["errors"][0]["loc"]) == (422, ["body", "other_id"])


@pytest.mark.parametrize("login", ["call_taker", "dept_head", "auditor", "engineer", "supervisor"])
async def test_only_officers_of_the_desk_reshape(log: LogUnderTest, api: Api, login: str) -> None:
    await log.write(seen("west", 0, 0))
    await log.step()
    client = await api.as_user(login)
    status, problem = await client.post("incidents/1/split", {"version": 1, "reason": "x", "event_uids": ["00" * 16]})
    assert (status, problem["code"]) == (403, "forbidden")
    assert problem["any_of"] == ["duty_officer", "shift_leader"]


async def test_incidents_of_elsewhere_do_not_exist(log: LogUnderTest, leader: Client, api: Api) -> None:
    west = seen("west", 0, 0)
    await log.write(west, seen("east", 10, 100))
    await log.step()
    (fire,) = await listed(leader)
    elsewhere = await api.as_user("west")
    assert (await ask(elsewhere, fire["id"], "split", version=1, event_uids=[west.uid.hex()]))[0] == 404
    assert (await ask(elsewhere, fire["id"], "merge", version=1, other_id=fire["id"]))[0] == 404


async def test_a_decision_that_comes_too_late_changes_nothing_and_says_so(
    log: LogUnderTest, leader: Client, owner: Connection
) -> None:
    west = seen("west", 0, 0)
    await log.write(west, seen("east", 10, 100))
    await log.step()
    (fire,) = await listed(leader)
    await log.tick(80_000)  # in the log before the decision, but not taken yet
    assert (await ask(leader, fire["id"], "split", event_uids=[west.uid.hex()]))[0] == 202
    await log.step()
    assert await listed(leader) == []
    (overlay,) = (await detail(leader, fire["id"]))["overlays"]
    assert overlay["outcome"] == "too_late"
    assert await owner.fetchval("SELECT count(*) FROM incidents") == 1


async def test_an_incident_that_comes_back_names_what_it_follows(log: LogUnderTest, leader: Client) -> None:
    await log.write(seen("west", 0, 0))
    await log.tick(5_000)
    await log.step()
    await log.write(seen("again", 5_100, 30))
    step = await log.step()
    (old,) = await listed(leader, "final")
    (again,) = await listed(leader)
    assert (again["follows"], old["event_count"]) == (old["id"], 1)
    assert step.incidents[0].row["follows"] == old["id"]
    (follower,) = (await detail(leader, old["id"]))["followed_by"]
    assert follower["number"] == again["number"]
