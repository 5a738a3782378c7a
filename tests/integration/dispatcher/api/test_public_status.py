"""By number and code, against somebody who guesses: right numbers look like wrong ones, and guessing is slow."""

import itertools
from typing import Any

import pytest

from dispatcher.api.app import CODES_PER_ADDRESS
from dispatcher.desk import codes
from runtime.pool import Connection
from tests.integration.dispatcher.api.running import Api
from tests.integration.dispatcher.api.test_desk import reported

PERSONAL = ("张三", "13812345678", "138****", "垃圾冒烟", "east")


async def refused(api: Api, ticket_id: int) -> None:
    taker = await api.as_user("call_taker")
    fields = {"code": "outside_area", "legal_basis": "other_region"}
    body = {"version": 1, "reason": "张三 13812345678 说的不归我们", "fields": fields}
    status, told = await taker.post(f"tickets/{ticket_id}/actions/refuse_accept", body)
    assert status == 200, told


@pytest.fixture
async def report(api: Api, owner: Connection) -> tuple[int, dict[str, Any]]:
    return await reported(api, owner)


async def test_caller_learns_how_it_stands_and_nothing_personal(api: Api, report: tuple[int, dict[str, Any]]) -> None:
    ticket_id, taken = report
    path = f"/public/tickets/{taken['number']}"
    status, shown = await api.nobody.get(path, code=taken["code"])
    assert (status, shown["state"], shown["holder_en"]) == (200, "received", "12345 hotline desk"), shown
    async with api.http.get(path, headers={"Ticket-Code": taken["code"].lower()}) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    await refused(api, ticket_id)
    status, shown = await api.nobody.get(path, code=taken["code"])
    assert (shown["state"], shown["may_object"], shown["may_rate"]) == ("not_accepted", True, True)
    assert "不属于本市管辖" in shown["refusal_zh"]
    for personal in PERSONAL:
        assert personal not in str(shown)


async def test_wrong_number_wrong_code_and_none_are_told_alike(api: Api, report: tuple[int, dict[str, Any]]) -> None:
    _, taken = report
    told = []
    for number, code in (
        (taken["number"], "2222-2222-22"),
        (taken["number"], "x"),
        (taken["number"], None),
        ("HR-20260311-99999", taken["code"]),
        ("CR-20260311-00001", "2222-2222-22"),
    ):
        given = {} if code is None else {"code": code}
        status, problem = await api.nobody.get(f"/public/tickets/{number}", **given)
        problem.pop("instance")
        told.append((status, problem))
    assert told[0][0] == 404
    assert all(each == told[0] for each in told)


async def test_guessing_is_slowed_down_for_numbers_that_exist_and_that_do_not(
    api: Api, report: tuple[int, dict[str, Any]]
) -> None:
    _, taken = report
    letters = itertools.cycle(codes.ALPHABET)
    for _ in range(CODES_PER_ADDRESS):
        status, _ = await api.nobody.get(f"/public/tickets/{taken['number']}", code=next(letters) * codes.LENGTH)
        assert status == 404
    # From here on even the right code waits: who guesses learns nothing from it.
    for number in (taken["number"], "HR-20260311-99999"):
        async with api.http.get(f"/public/tickets/{number}", params={"code": taken["code"]}) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (429, "rate_limited")
            assert int(answer.headers["Retry-After"]) > 0
    async with api.http.post("/public/tickets", data={"number": taken["number"], "code": taken["code"]}) as answer:
        assert answer.status == 429
        assert "尝试次数过多" in await answer.text()


async def test_who_knows_the_code_is_never_slowed_down(api: Api, report: tuple[int, dict[str, Any]]) -> None:
    _, taken = report
    for _ in range(CODES_PER_ADDRESS + 5):
        assert (await api.nobody.get(f"/public/tickets/{taken['number']}", code=taken["code"]))[0] == 200


async def test_code_of_one_report_opens_no_other(
    api: Api, owner: Connection, report: tuple[int, dict[str, Any]]
) -> None:
    _, mine = report
    await owner.execute("UPDATE incidents SET number = number || '-1', canonical_uid = decode(repeat('01', 16), 'hex')")
    _, other = await reported(api, owner)
    status, _ = await api.nobody.get(f"/public/tickets/{other['number']}", code=mine["code"])
    assert status == 404
    for act, body in (("objection", {"reason": "x"}), ("rating", {"satisfaction": 1, "result": "unsolved"})):
        status, _ = await api.nobody.post(f"/public/tickets/{other['number']}/{act}", {**body, "code": mine["code"]})
        assert status == 404


async def test_objection_reopens_the_intake_once_and_a_rating_counts_once(
    api: Api, owner: Connection, report: tuple[int, dict[str, Any]]
) -> None:
    ticket_id, taken = report
    path, code = f"/public/tickets/{taken['number']}", {"code": taken["code"]}
    objection = code | {"reason": "应由本市处理 13812345678"}
    status, told = await api.nobody.post(f"{path}/objection", objection)
    assert (status, told["guard"]) == (422, "nothing_to_object_to")
    await refused(api, ticket_id)
    rating = code | {"satisfaction": 2, "result": "unsolved", "words": "没人管"}
    assert (await api.nobody.post(f"{path}/rating", rating))[0] == 200
    status, told = await api.nobody.post(f"{path}/rating", rating)
    assert (status, told["guard"]) == (409, "rated_before")
    status, shown = await api.nobody.post(f"{path}/objection", objection)
    assert (status, shown["state"]) == (200, "received")
    row = await owner.fetchrow("SELECT actor, actor_role, event FROM ticket_transitions ORDER BY version DESC LIMIT 1")
    assert row is not None
    assert tuple(row) == ("rule:resident", "rule", "object")
    assert await owner.fetchval("SELECT satisfaction FROM report_ratings") == 2
    assert await owner.fetchval("SELECT satisfaction FROM ticket_reports") is None  # an input of its own
    for wrong in ({"satisfaction": 6}, {"result": "released"}, {"satisfaction": "5"}, {"words": "a\x00b"}):
        assert (await api.nobody.post(f"{path}/rating", rating | wrong))[0] == 422


async def test_page_works_without_script_and_says_the_same(api: Api, report: tuple[int, dict[str, Any]]) -> None:
    ticket_id, taken = report
    async with api.http.get("/public/tickets", params={"number": '"><script>'}) as answer:
        page = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "<script" not in page
        assert '<html lang="zh-CN">' in page
    await refused(api, ticket_id)
    said = {"number": taken["number"], "code": taken["code"]}
    async with api.http.post("/public/tickets", data=said) as answer:
        page = await answer.text()
        assert (answer.status, page.count("<form")) == (200, 2)
        assert "不予受理" in page
        assert "Not accepted" in page
        for personal in PERSONAL:
            assert personal not in page
    for act, expected in (
        ({"act": "rate", "satisfaction": "5", "result": "solved"}, 200),
        ({"act": "rate", "satisfaction": "5", "result": "solved"}, 409),
        ({"act": "rate", "satisfaction": "9"}, 422),
        ({"act": "object"}, 422),
        ({"act": "object", "words": "请重新受理"}, 200),
        ({"act": "object", "words": "请重新受理"}, 409),
        ({"act": "drop tables"}, 422),
    ):
        async with api.http.post("/public/tickets", data=said | act) as answer:
            assert (answer.status, answer.content_type) == (expected, "text/html"), act
    async with api.http.post("/public/tickets", data=said | {"code": "2222222222"}) as answer:
        assert answer.status == 404
        assert "编号或查询码不正确" in await answer.text()
    async with api.http.post("/public/tickets", json=said) as answer:
        assert answer.status == 415
