"""Rosters over HTTP: who is on duty, versions, overrides, swaps by consent, gaps, reachability, pages, calendars."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.channels import planning
from dispatcher.escalation import duties, pages
from dispatcher.rules.rulebook import read_rulebook
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import DISTRICT, EAST, NOON, WEST
from tests.integration.dispatcher.api.running import Api, Client
from tests.integration.dispatcher.tickets.town import StepOfTown

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# A Monday, 08:00 in Chengdu: the next handover after NOON.
MONDAY = datetime.fromisoformat("2026-11-23T08:00:00+08:00")


def iso(at: datetime) -> str:
    return at.isoformat()


def weekly(*participants: int, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "participants": participants,
        "handover_time": "08:00",
        "handover_weekday": 1,
        "shift_unit": "week",
        "valid_from": iso(NOON - 30 * DAY),
        "source": "排班表2026-11",
    }
    return body | more


@pytest.fixture
async def station(exercise_api: Api, owner: Connection) -> Api:
    """A fire station with a head and two who take turns, and somebody of another unit."""
    for login, role, unit in (
        ("fire-head", UserRole.DEPT_HEAD, "fire"),
        ("fire-a", UserRole.DEPT_HANDLER, "fire"),
        ("fire-b", UserRole.DEPT_HANDLER, "fire"),
        ("urban-head", UserRole.DEPT_HEAD, "urban"),
        ("desk-officer", UserRole.DUTY_OFFICER, "desk"),
    ):
        await community.add_user(owner, login, role, DISTRICT, unit)
    return exercise_api


async def made(head: Client, body: dict[str, Any], path: str) -> dict[str, Any]:
    status, answer = await head.post(path, body)
    assert status in (200, 201), answer
    return dict(answer)


async def rostered(api: Api) -> tuple[Client, int, list[int]]:
    """The head, the roster's id, and the contacts of fire-a, fire-b and of one without a log-in."""
    head = await api.as_user("fire-head")
    contacts = [
        (await made(head, {"organisation": "fire", "zh_name": login, "login": login}, "contacts"))["id"]
        for login in ("fire-a", "fire-b")
    ]
    by_phone = {"organisation": "fire", "zh_name": "老王", "phone": "13812345678"}
    contacts.append((await made(head, by_phone, "contacts"))["id"])
    roster = {"organisation": "fire", "role": "on_duty", "zh_name": "消防值班", "en_name": "Fire duty"}
    roster_id = (await made(head, roster, "rosters"))["id"]
    await made(head, weekly(*contacts[:2]), f"rosters/{roster_id}/rotations")
    return head, roster_id, contacts


async def on_duty(client: Client, roster_id: int, at: datetime) -> list[tuple[str, str]]:
    status, answer = await client.get(f"rosters/{roster_id}/on-duty", at=iso(at))
    assert status == 200, answer
    return [(each["zh_name"], each["reason"]) for each in answer["persons"]]


async def test_who_is_on_duty_is_told_for_any_time(station: Api) -> None:
    head, roster_id, _ = await rostered(station)
    first = await on_duty(head, roster_id, NOON)
    assert await on_duty(head, roster_id, MONDAY - timedelta(seconds=1)) == first
    assert [await on_duty(head, roster_id, MONDAY), first] in (
        [[("fire-b", "rotation")], [("fire-a", "rotation")]],
        [[("fire-a", "rotation")], [("fire-b", "rotation")]],
    )
    assert await on_duty(head, roster_id, NOON - 60 * DAY) == []
    _, listed = await (await station.as_user("east")).get("rosters")
    assert listed["items"] == []  # Not of that area.
    _, listed = await (await station.as_user("duty_officer")).get("rosters", organisation="fire")
    assert [(each["role"], each["on_duty"]["reason"], each["may_change"]) for each in listed["items"]] == [
        ("on_duty", "rotation", False)
    ]
    _, shifts = await head.get(f"rosters/{roster_id}/shifts", from_at=iso(NOON), until_at=iso(NOON + 9 * DAY))
    assert shifts["items"][0]["until_at"] == "2026-11-23T00:00:00Z"
    assert (await head.get(f"rosters/{roster_id}/shifts", from_at=iso(NOON), until_at=iso(NOON + 93 * DAY)))[0] == 422


async def test_only_the_units_own_head_or_the_supervisor_keeps_a_roster(station: Api) -> None:
    _, roster_id, contacts = await rostered(station)
    override = {"contact_id": contacts[2], "from_at": iso(NOON), "until_at": iso(NOON + DAY), "reason": "病假"}
    for login, expected in (("urban-head", 403), ("fire-a", 403), ("desk-officer", 403), ("supervisor", 201)):
        status, answer = await (await station.as_user(login)).post(f"rosters/{roster_id}/overrides", override)
        assert status == expected, (login, answer)
    status, _ = await (await station.as_user("committee")).get("rosters")
    assert status == 403


async def test_override_stands_until_it_is_cancelled_and_two_may_not_overlap(station: Api) -> None:
    head, roster_id, contacts = await rostered(station)
    override = {"contact_id": contacts[2], "from_at": iso(NOON), "until_at": iso(NOON + DAY), "reason": "病假"}
    detail = await made(head, override, f"rosters/{roster_id}/overrides")
    assert await on_duty(head, roster_id, NOON + HOUR) == [("老王", "override")]
    status, told = await head.post(f"rosters/{roster_id}/overrides", override | {"from_at": iso(NOON + HOUR)})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "from_at"])
    await made(head, {}, f"roster-overrides/{detail['stand_ins'][0]['id']}/cancel")
    assert [each[1] for each in await on_duty(head, roster_id, NOON + HOUR)] == ["rotation"]
    status, _ = await head.post(f"rosters/{roster_id}/overrides", override | {"contact_id": 999})
    assert status == 422


async def test_rotations_are_versions_that_never_rewrite_what_was(station: Api) -> None:
    head, roster_id, contacts = await rostered(station)
    status, told = await head.post(f"rosters/{roster_id}/rotations", weekly(contacts[2]))
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "valid_from"])
    detail = await made(head, weekly(contacts[2], valid_from=iso(MONDAY)), f"rosters/{roster_id}/rotations")
    assert [(each["version"], each["entered_by"] is not None) for each in detail["rotations"]] == [(1, True), (2, True)]
    assert await on_duty(head, roster_id, MONDAY) == [("老王", "rotation")]
    for wrong in (
        {"shift_unit": "day"},
        {"handover_weekday": None},
        {"handover_time": "08:00Z"},
        {"participants": [999]},
    ):
        status, _ = await head.post(
            f"rosters/{roster_id}/rotations", weekly(contacts[0], valid_from=iso(MONDAY)) | wrong
        )
        assert status == 422, wrong


async def test_swap_changes_nothing_before_both_have_agreed_and_names_who_did(station: Api) -> None:
    head, roster_id, contacts = await rostered(station)
    now = dict(zip(("fire-a", "fire-b"), contacts, strict=False))
    ((first, _),) = await on_duty(head, roster_id, MONDAY)
    other = "fire-b" if first == "fire-a" else "fire-a"
    body: dict[str, Any] = {
        "giver": {"contact_id": now[first], "from_at": iso(MONDAY), "until_at": iso(MONDAY + DAY)},
        "taker": {"contact_id": now[other], "from_at": iso(MONDAY + 7 * DAY), "until_at": iso(MONDAY + 8 * DAY)},
        "reason": "家事",
    }
    giver, taker = await station.as_user(first), await station.as_user(other)
    status, told = await giver.post(f"rosters/{roster_id}/swaps", body | {"taker": body["giver"]})
    assert status == 422, told
    wrong = {**body, "giver": body["giver"] | {"until_at": iso(MONDAY + 9 * DAY)}}
    status, told = await giver.post(f"rosters/{roster_id}/swaps", wrong)
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "giver"])
    swap_id = (await made(giver, body, f"rosters/{roster_id}/swaps"))["swaps"][0]["id"]
    await made(giver, {}, f"roster-swaps/{swap_id}/consent")
    assert await on_duty(head, roster_id, MONDAY) == [(first, "rotation")]
    # Nobody agrees for somebody who can agree alone, and nobody who is neither.
    status, _ = await head.post(f"roster-swaps/{swap_id}/consent", {"contact_id": now[other]})
    assert status == 422
    status, _ = await head.post(f"roster-swaps/{swap_id}/consent", {})
    assert status == 404
    detail = await made(taker, {}, f"roster-swaps/{swap_id}/consent")
    assert await on_duty(head, roster_id, MONDAY) == [(other, "swap")]
    assert await on_duty(head, roster_id, MONDAY + 7 * DAY) == [(first, "swap")]
    assert await on_duty(head, roster_id, MONDAY + DAY) == [(first, "rotation")]
    (swap,) = detail["swaps"]
    assert {swap["giver_agreed_by"], swap["taker_agreed_by"]} == {
        f"user:{await user_id(giver)}",
        f"user:{await user_id(taker)}",
    }
    assert (await taker.post(f"roster-swaps/{swap_id}/consent", {}))[0] == 409
    await made(taker, {}, f"roster-swaps/{swap_id}/end")
    assert await on_duty(head, roster_id, MONDAY) == [(first, "rotation")]
    assert (await taker.post(f"roster-swaps/{swap_id}/end", {}))[0] == 409


async def user_id(client: Client) -> int:
    _, me = await client.get("me")
    return int(me["id"])


async def test_rosters_are_listed_page_by_page(station: Api, owner: Connection) -> None:
    head, _, _ = await rostered(station)
    for role in ("backup", "leader"):
        await made(head, {"organisation": "fire", "role": role, "zh_name": role, "en_name": role}, "rosters")
    await owner.execute(
        "INSERT INTO rosters (organisation_id, role, zh_name, en_name, entered_at, entered_by, look_at)"
        " VALUES ('urban', 'on_duty', 'x', 'x', $1, 'user:1', $1)",
        NOON,
    )
    found: list[tuple[str, str, bool]] = []
    cursor: dict[str, str] = {}
    for _ in range(9):
        _, page = await head.get("rosters", limit="2", **cursor)
        found += [(each["organisation_id"], each["role"], each["may_change"]) for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(found) == [
        ("fire", "backup", True),
        ("fire", "leader", True),
        ("fire", "on_duty", True),
        ("urban", "on_duty", False),
    ]


async def test_telephone_is_shown_whole_to_the_own_unit_alone(station: Api) -> None:
    head, _, _ = await rostered(station)
    for client, phone in ((head, "13812345678"), (await station.as_user("duty_officer"), "138****5678")):
        _, listed = await client.get("contacts", organisation="fire")
        assert [each["phone"] for each in listed["items"]] == [None, None, phone]


async def test_whoever_has_left_leaves_a_gap_that_is_warned_of(station: Api, owner: Connection) -> None:
    head, roster_id, contacts = await rostered(station)
    await made(head, {"enabled": False}, f"contacts/{contacts[0]}/state")
    _, ahead = await head.get(f"rosters/{roster_id}/gaps", from_at=iso(NOON), until_at=iso(NOON + 20 * DAY))
    assert len(ahead["items"]) in (1, 2)
    await owner.execute("UPDATE contacts SET test_at = $1", NOON + 90 * DAY)
    await step(owner, NOON)
    _, warned = await head.get("roster-gaps")
    assert {(each["organisation_id"], each["role"]) for each in warned["items"]} == {("fire", "on_duty")}
    _, alarms = await head.get("duty-alarms")
    assert alarms["gaps"] == len(warned["items"]) > 0
    _, elsewhere = await (await station.as_user("west")).get("duty-alarms")
    assert elsewhere["gaps"] == 0


async def step(owner: Connection, at: datetime) -> None:
    async with owner.transaction():
        await duties.advance(StepOfTown(owner, at, await read_rulebook(owner)))
        await pages.advance(StepOfTown(owner, at, await read_rulebook(owner)))
        await planning.plan_due(owner, at)


async def test_test_of_reachability_is_answered_by_the_person_or_heard_by_the_keeper(
    station: Api, owner: Connection
) -> None:
    head, _, contacts = await rostered(station)
    await step(owner, NOON)
    _, listed = await head.get("reachability")
    tests = {each["contact_id"]: each["test_id"] for each in listed["items"]}
    own, other, by_phone = (tests[each] for each in contacts)
    person = await station.as_user("fire-a")
    assert (await person.post(f"reachability-tests/{own}/answer"))[0] == 204
    assert (await person.post(f"reachability-tests/{other}/answer"))[0] == 403
    assert (await head.post(f"reachability-tests/{other}/answer"))[0] == 403
    assert (await head.post(f"reachability-tests/{by_phone}/answer"))[0] == 204
    await step(owner, NOON + DAY)
    _, concern = await head.get("reachability", concern="true")
    assert [(each["contact_id"], each["unreachable"], each["state"]) for each in concern["items"]] == [
        (contacts[1], True, "failed")
    ]
    _, alarms = await head.get("duty-alarms")
    assert alarms["unreachable"] == 1


async def test_page_is_answered_by_the_unit_or_the_desk_and_by_nobody_else(station: Api, owner: Connection) -> None:
    await rostered(station)
    officer = await station.as_user("desk-officer")
    ticket = await community.add_ticket(owner, EAST)
    await owner.execute("UPDATE tickets SET grade = 2 WHERE id = $1", ticket)
    await made(officer, {"version": 1}, f"tickets/{ticket}/actions/accept")
    await made(
        officer,
        {"version": 2, "fields": {"lead": "fire", "co": []}, "reason": "派"},
        f"tickets/{ticket}/actions/dispatch",
    )
    await step(owner, NOON)
    _, listed = await officer.get("pages", ticket=str(ticket))
    (page,) = listed["items"]
    assert (page["state"], page["everyone"], len(page["levels"][0]["persons"])) == ("open", True, 1)
    for login, expected in (("urban-head", 403), ("desk-officer", 403), ("fire-b", 200), ("fire-a", 200)):
        status, answer = await (await station.as_user(login)).post(f"pages/{page['id']}/ack")
        assert status == expected, (login, answer)
    assert answer["first"] is False
    _, after = await officer.get("pages", state="acknowledged")
    assert [each["acknowledged_by"] for each in after["items"]] == [
        f"user:{await user_id(await station.as_user('fire-b'))}"
    ]
    _, timeline = await officer.get(f"tickets/{ticket}/timeline")
    told = [each["body"]["about"] for each in timeline["items"] if each["entry"] == "message"]
    assert told == ["page", "page_acknowledged"]
    assert (await officer.post("pages/987654/ack"))[0] == 404
    _, elsewhere = await (await station.as_user("west")).get("pages")
    assert elsewhere["items"] == []


async def test_calendars_say_which_years_are_known_and_which_due_times_wait_for(
    station: Api, owner: Connection
) -> None:
    await owner.execute("INSERT INTO calendar_alarms (year, raised_at) VALUES (2027, $1)", NOON)
    _, told = await (await station.as_user("duty_officer")).get("calendars")
    assert (told["items"][-1]["year"], told["items"][-1]["loaded_at"]) == (2026, None)
    assert [each["year"] for each in told["missing"]] == [2027]
    assert WEST != EAST
