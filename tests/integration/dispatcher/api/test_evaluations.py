"""Art. 46 over HTTP: a committee evaluates, the authority answers, the assessed unit learns nothing of who."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.evaluations import stage
from runtime.pool import SYSTEM, Connection, transaction
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import DISTRICT, EAST, NOON, WEST
from tests.integration.dispatcher.api.running import Api, Client

PERIOD = {"period_from": "2026-07-01", "period_to": "2026-09-30"}


@pytest.fixture
async def city(api: Api, owner: Connection) -> Api:
    """A water company, the bureau in charge of it, three committees, a government."""
    for name, kind, department, area in (
        ("water-co", "utility", None, DISTRICT),
        ("water-bureau", "department", "water_affairs", DISTRICT),
        ("government", "government", None, DISTRICT),
        ("committee-east", "committee", None, EAST),
        ("committee-west", "committee", None, WEST),
        ("committee-far", "committee", None, WEST),
    ):
        await owner.execute(
            "INSERT INTO organisations (id, kind, department_id, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, $3, $4, $1, $1, 'office')",
            name,
            kind,
            department,
            area,
        )
    for login, role, area, unit in (
        ("chair", UserRole.COMMITTEE, EAST, "committee-east"),
        ("chair-west", UserRole.COMMITTEE, WEST, "committee-west"),
        ("chair-far", UserRole.COMMITTEE, WEST, "committee-far"),
        ("bureau", UserRole.DEPT_HEAD, DISTRICT, "water-bureau"),
        ("company", UserRole.DEPT_HEAD, DISTRICT, "water-co"),
        ("governor", UserRole.SUPERVISOR, DISTRICT, "government"),
        ("fire-head", UserRole.DEPT_HEAD, DISTRICT, "fire"),
        ("bureau-supervisor", UserRole.SUPERVISOR, DISTRICT, "water-bureau"),
    ):
        await community.add_user(owner, login, role, area, unit)
    return api


async def step(client: Client, shown: dict[str, Any], event: str, reason: str | None = None, **fields: Any) -> Any:
    body = {"version": shown["version"], "reason": reason, "fields": fields}
    return await client.post(f"evaluations/{shown['id']}/actions/{event}", body)


async def evaluated(city: Api, login: str = "chair", scores: tuple[int, ...] = (1, 2, 2, 3, 4)) -> dict[str, Any]:
    """An evaluation that was delivered, as its committee sees it."""
    chair = await city.as_user(login)
    body = {
        "subject": "water",
        "unit": "water-co",
        "authority": "water-bureau",
        **PERIOD,
        "form": "questionnaire",
        "summary": "清水苑居民反映水压不足",
    }
    status, shown = await chair.post("evaluations", body)
    assert status == 201, shown
    for score in scores:
        status, shown = await chair.post(f"evaluations/{shown['id']}/opinions", {"score": score, "text": "五楼没水"})
        assert status == 201, shown
    status, shown = await step(chair, shown, "submit")
    assert status == 200, shown
    async with transaction(city.pool, scope=SYSTEM) as conn:
        await stage.advance(Now(conn))
    return dict((await chair.get(f"evaluations/{shown['id']}"))[1])


class Now:
    """The moment of a step at noon."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.at = NOON


async def test_committee_evaluates_and_the_bureau_answers(city: Api) -> None:
    shown = await evaluated(city)
    chair, bureau = await city.as_user("chair"), await city.as_user("bureau")
    assert (shown["state"], shown["clocks"][0]["clock"], len(shown["opinions"])) == ("delivered", "e_reply", 5)
    status, told = await step(chair, shown, "reply", reply="x")
    assert (status, told["missing_organisation"]) == (403, True)
    status, told = await step(bureau, shown, "reply")
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "fields", "reply"])
    status, replied = await step(bureau, shown, "reply", reply="已更换水泵")
    assert (status, replied["state"], replied["opinions"]) == (200, "replied", [])
    assert (replied["summary"], replied["figures"]["mean_score"]) == ("清水苑居民反映水压不足", 2.4)
    status, told = await step(bureau, shown, "reply", reply="y")
    assert (status, told["code"]) == (409, "version_conflict")
    _, assessed = await step(chair, replied, "accept")
    status, closed = await step(chair, assessed, "close")
    assert (status, closed["state"], closed["actions"]) == (200, "closed", [])
    assert [line["event"] for line in closed["records"]] == ["draft", "submit", "deliver", "reply", "accept", "close"]


async def test_assessed_unit_learns_nothing_of_who_said_what(city: Api) -> None:
    shown = await evaluated(city)
    chair, bureau, company = [await city.as_user(name) for name in ("chair", "bureau", "company")]
    _, replied = await step(bureau, shown, "reply", reply="已更换水泵")
    await step(chair, replied, "not_enough", "清水苑三栋仍无水")
    for path in (f"evaluations/{shown['id']}", "evaluations", "evaluation-sums"):
        status, told = await company.get(path)
        assert status == 200
        said = str(told)
        for word in ("committee-east", "chair", "清水苑", "五楼", "questionnaire"):
            assert word not in said, (path, word)
    _, told = await company.get(f"evaluations/{shown['id']}")
    assert (told["committee_id"], told["summary"], told["opinions"], told["actions"]) == (None, None, [], [])
    assert told["figures"] == {
        "too_few": True,
        "opinions": None,
        "committees": None,
        "mean_score": None,
        "satisfied_share": None,
    }
    _, sums = await company.get("evaluation-sums")
    assert [each["too_few"] for each in sums["items"]] == [True]
    assert (await company.post(f"evaluations/{shown['id']}/actions/reply", {"version": 1}))[0] in (403, 409)


async def test_sums_reach_the_assessed_unit_from_a_group_on(city: Api) -> None:
    for login in ("chair", "chair-west", "chair-far"):
        await evaluated(city, login, (5, 1))
    company, fire = await city.as_user("company"), await city.as_user("fire-head")
    _, sums = await company.get("evaluation-sums")
    (told,) = sums["items"]
    assert (told["committees"], told["opinions"], told["mean_score"], told["satisfied_share"]) == (3, 6, 3.0, 0.5)
    assert (await fire.get("evaluation-sums"))[1]["items"] == []
    assert (await fire.get("evaluations"))[1]["items"] == []
    assert len((await company.get("evaluations"))[1]["items"]) == 3
    assert (await (await city.as_user("call_taker")).get("evaluations"))[0] == 403


async def test_organs_are_assessed_with_committees_heard_in_several_forms(city: Api) -> None:
    governor, chair, bureau = [await city.as_user(name) for name in ("governor", "chair", "bureau")]
    own = await city.as_user("bureau-supervisor")
    status, told = await own.post("organ-assessments", {"unit": "water-bureau", **PERIOD})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "unit"])
    status, shown = await governor.post("organ-assessments", {"unit": "water-bureau", **PERIOD})
    assert status == 201, shown
    path = f"organ-assessments/{shown['id']}"
    said = {"committee": "committee-east", "form": "symposium", "score": 2, "opinion": "清水苑:来电不接"}
    status, heard = await chair.post(f"{path}/hearings", said)
    assert (status, [each["committee_id"] for each in heard["hearings"]]) == (201, ["committee-east"])
    assert (await chair.post(f"{path}/hearings", said))[0] == 422
    assert (await chair.post(f"{path}/hearings", said | {"committee": "committee-west"}))[0] == 422
    assert (await own.post(f"{path}/hearings", said | {"form": "visit"}))[0] == 422
    body = {"version": shown["version"], "conclusion": "意见占三成,限期整改"}
    status, told = await governor.post(f"{path}/conclusion", body)
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "forms"])
    other = said | {"committee": "committee-west", "form": "visit", "score": 4}
    assert (await governor.post(f"{path}/hearings", other))[0] == 201
    for login in ("bureau", "bureau-supervisor"):
        _, seen = await (await city.as_user(login)).get(path)
        assert (seen["hearings"], seen["too_few"], seen["mean_score"], seen["forms"]) == ([], True, None, [])
        assert "committee-" not in str(seen)
    _, seen = await (await city.as_user("chair-west")).get(path)
    assert [each["committee_id"] for each in seen["hearings"]] == ["committee-west"]
    third = said | {"committee": "committee-far", "form": "written", "score": 3}
    assert (await governor.post(f"{path}/hearings", third))[0] == 201
    assert (await own.post(f"{path}/conclusion", body))[0] == 422
    status, done = await governor.post(f"{path}/conclusion", body)
    assert (status, done["state"], done["mean_score"], len(done["hearings"])) == (200, "concluded", 3.0, 3)
    _, seen = await bureau.get(path)
    assert (seen["committees"], seen["mean_score"], seen["hearings"]) == (3, 3.0, [])
    assert (await governor.post(f"{path}/conclusion", body))[0] == 409
    assert (await governor.post("organ-assessments", {"unit": "water-bureau", **PERIOD}))[0] == 422


async def test_assessment_hears_committees_of_the_organs_area_and_counts_what_came_late(
    city: Api, owner: Connection
) -> None:
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('west-office', 'subdistrict', $1, 'w', 'w', 'office')",
        WEST,
    )
    shown = await evaluated(city)
    governor = await city.as_user("governor")
    for days in (0, 92):
        await owner.execute(
            "UPDATE evaluation_clocks SET breached_at = $2 WHERE evaluation_id = $1",
            shown["id"],
            datetime(2026, 7, 1, 12, tzinfo=UTC) + timedelta(days=days),
        )
        period = {"period_from": f"2026-07-{1 + days // 92:02}", "period_to": "2026-09-30"}
        _, told = await governor.post("organ-assessments", {"unit": "water-bureau", **period})
        assert (told["late_replies"], told["late_measures"]) == (int(days == 0), 0)
    _, told = await governor.post("organ-assessments", {"unit": "west-office", **PERIOD})
    said = {"committee": "committee-east", "form": "symposium", "score": 2, "opinion": "x"}
    status, refused = await governor.post(f"organ-assessments/{told['id']}/hearings", said)
    assert (status, refused["errors"][0]["loc"]) == (422, ["body", "committee"])
    status, _ = await governor.post(f"organ-assessments/{told['id']}/hearings", said | {"committee": "committee-west"})
    assert status == 201
