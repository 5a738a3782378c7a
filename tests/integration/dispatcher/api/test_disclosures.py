"""Art. 44 over HTTP: drafts for those who make things public, and what everybody reads without a log-in."""

from datetime import datetime
from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.api.disclosure_page import withdrawn
from dispatcher.api.public_access import READS_PER_NETWORK, network_of
from registry.calendar import LOCAL
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import DISTRICT, EAST
from tests.integration.dispatcher.api.running import Api, Client

CHECKED: dict[str, Any] = {"secret": True, "commercial": True, "privacy": True}


@pytest.fixture
async def city(api: Api, owner: Connection) -> Api:
    """A government, a subdistrict and a committee with two members, and a second editor."""
    for name, kind, area in (
        ("government", "government", DISTRICT),
        ("street", "subdistrict", DISTRICT),
        ("committee-east", "committee", EAST),
    ):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, $3, $1, $1, 'office')",
            name,
            kind,
            area,
        )
    for login, role, area, unit in (
        ("editor-west", UserRole.DISCLOSURE_EDITOR, community.WEST, None),
        ("chair", UserRole.COMMITTEE, EAST, "committee-east"),
        ("member", UserRole.COMMITTEE, EAST, "committee-east"),
        ("street", UserRole.SUBDISTRICT, DISTRICT, "street"),
    ):
        await community.add_user(owner, login, role, area, unit)
    return api


async def step(client: Client, shown: dict[str, Any], event: str, reason: str | None = None, **fields: Any) -> Any:
    body = {"version": shown["version"], "reason": reason, "fields": fields}
    return await client.post(f"disclosures/{shown['id']}/actions/{event}", body)


async def drafted(city: Api, **more: Any) -> dict[str, Any]:
    editor = await city.as_user("disclosure_editor")
    body = {
        "item": "public_management",
        "title": "环卫整治",
        "text": "已清运,联系人王建国 13812345678。",
        "publisher": "government",
    }
    status, shown = await editor.post("disclosures", body | more)
    assert status == 201, shown
    return dict(shown)


async def published(city: Api) -> dict[str, Any]:
    editor, approver = await city.as_user("disclosure_editor"), await city.as_user("disclosure_approver")
    shown = await drafted(city)
    for who, event, fields in ((editor, "check", CHECKED), (approver, "approve", {}), (editor, "publish", {})):
        status, shown = await step(who, shown, event, **fields)
        assert status == 200, shown
    return dict(shown)


async def page_of(city: Api, path: str, **headers: str) -> tuple[int, str, Any]:
    async with city.http.get(path, headers={"Accept": "text/html", **headers}) as answer:
        return answer.status, await answer.text(), answer.headers


async def test_draft_shows_what_has_to_go_and_what_residents_would_read(city: Api) -> None:
    shown = await drafted(city)
    assert [each["kind"] for each in shown["proposals"]] == ["name", "phone"]
    assert shown["preview"]["text"] == "已清运,联系人〔姓名〕 〔号码〕。"
    assert shown["actions"] == ["edit", "check", "drop"]
    editor = await city.as_user("disclosure_editor")
    status, told = await step(editor, shown, "approve")
    assert (status, told["code"]) == (409, "transition_not_allowed")
    status, told = await step(editor, shown, "check", secret=True)
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "fields", "commercial"])
    status, shown = await step(editor, shown, "check", **CHECKED)
    status, told = await step(editor, shown, "approve")
    assert (status, told["missing_organisation"]) == (403, True)


async def test_published_is_read_without_a_log_in_as_json_and_as_a_page(city: Api) -> None:
    shown = await published(city)
    status, listed = await city.nobody.get("/public/disclosures")
    assert (status, [each["number"] for each in listed["items"]]) == (200, [shown["number"]])
    status, told = await city.nobody.get(f"/public/disclosures/{shown['id']}")
    assert (status, told["text"], told["publisher"]) == (
        200,
        "已清运,联系人〔姓名〕 〔号码〕。",
        {"zh": "government", "en": "government"},
    )
    for path in ("/public/disclosures", f"/public/disclosures/{shown['id']}"):
        status, text, headers = await page_of(city, path)
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert headers["Cache-Control"].startswith("public, max-age=")
        assert headers["Vary"] == "Accept"
        assert '<html lang="zh-CN">' in text
        assert "环卫整治" in text
        assert "王建国" not in text + str(told)
        assert "13812345678" not in text + str(told)


async def test_drafts_and_other_areas_are_not_public(city: Api) -> None:
    shown = await drafted(city)
    assert (await city.nobody.get(f"/public/disclosures/{shown['id']}"))[0] == 404
    assert (await city.nobody.get("/public/disclosures"))[1]["items"] == []
    assert (await city.nobody.get("disclosures"))[0] == 401
    assert (await (await city.as_user("call_taker")).get("disclosures"))[0] == 403
    assert (await (await city.as_user("editor-west")).get(f"disclosures/{shown['id']}"))[0] == 404
    chair = await city.as_user("chair")
    assert (await chair.get(f"disclosures/{shown['id']}"))[0] == 404
    assert (await chair.get("disclosures"))[1]["items"] == []
    assert (await city.nobody.get("/public/disclosures", area=EAST))[1]["items"] == []


async def test_withdrawn_is_gone_with_its_reason_and_its_correction(city: Api) -> None:
    shown = await published(city)
    approver = await city.as_user("disclosure_approver")
    status, gone = await step(approver, shown, "withdraw", "单位<名称>有误", code="error")
    assert (status, gone["state"]) == (200, "withdrawn")
    path = f"/public/disclosures/{shown['id']}"
    status, told = await city.nobody.get(path)
    assert (status, told["code"], told["reason"]) == (410, "withdrawn", "单位<名称>有误")
    status, text, headers = await page_of(city, path)
    assert (status, headers["Cache-Control"]) == (410, "no-store")
    assert "单位&lt;名称&gt;有误" in text
    assert "王建国" not in text
    _, listed = await city.nobody.get("/public/disclosures")
    assert listed["items"] == []


def test_correction_is_linked_from_what_it_replaces() -> None:
    assert '<a href="/public/disclosures/7">' in withdrawn("PD-1", "x", 7)


async def test_markup_in_a_title_is_told_as_text(city: Api) -> None:
    editor, approver = await city.as_user("disclosure_editor"), await city.as_user("disclosure_approver")
    shown = await drafted(city, title="<script>alert(1)</script>", text="<img src=x onerror=alert(1)>")
    for who, event, fields in ((editor, "check", CHECKED), (approver, "approve", {}), (editor, "publish", {})):
        _, shown = await step(who, shown, event, **fields)
    for path in ("/public/disclosures", f"/public/disclosures/{shown['id']}"):
        _, text, _ = await page_of(city, path)
        assert "<script" not in text
        assert "<img" not in text


async def test_committee_speaks_for_itself_and_its_calendar_is_public(city: Api) -> None:
    chair, member, street = [await city.as_user(name) for name in ("chair", "member", "street")]
    status, duty = await chair.post("committee-duties", {"item": "resident_rights", "matter": "加装电梯表决"})
    assert (status, duty["state"]) == (201, "planned")
    assert (await street.post("committee-duties", {"item": "resident_rights", "matter": "x"}))[0] == 403
    status, told = await street.post(f"committee-duties/{duty['id']}/findings", {"finding": "x", "settled": True})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "state"])
    body = {
        "item": "resident_rights",
        "title": "加装电梯表决结果",
        "text": "同意户数过三分之二",
        "publisher": "committee-east",
        "outcome": "resolution",
        "minutes": "2026年第3次议事会",
        "duty_id": duty["id"],
    }
    editor = await city.as_user("disclosure_editor")
    assert (await editor.post("disclosures", body))[0] == 422
    status, shown = await chair.post("disclosures", body)
    assert (status, shown["due_at"], shown["law_due_at"]) == (201, None, None)
    for who, event, fields in ((chair, "check", CHECKED), (member, "approve", {}), (chair, "publish", {})):
        status, shown = await step(who, shown, event, **fields)
        assert status == 200, shown
    _, calendar = await city.nobody.get("/public/committee-duties", committee="committee-east")
    assert [(each["state"], each["disclosure_id"]) for each in calendar["items"]] == [("fulfilled", shown["id"])]


async def test_list_is_walked_with_its_cursor(city: Api) -> None:
    numbers = [(await published(city))["number"] for _ in range(3)]
    _, first = await city.nobody.get("/public/disclosures", limit=2, item="public_management")
    _, rest = await city.nobody.get("/public/disclosures", limit=2, item="public_management", cursor=first["next"])
    assert [each["number"] for each in first["items"] + rest["items"]] == numbers[::-1]
    published_at = datetime.fromisoformat(first["items"][0]["published_at"])
    assert published_at.astimezone(LOCAL).utcoffset() is not None


async def test_one_reader_is_slowed_down(city: Api) -> None:
    answers = [(await city.nobody.get("/public/disclosures", limit=1))[0] for _ in range(READS_PER_NETWORK + 1)]
    assert answers[0] == 200
    assert answers[-1] == 429


@pytest.mark.parametrize(
    ("remote", "network"),
    [("10.1.2.3", "10.1.2.3"), ("2001:db8::1", "2001:db8::/64"), ("", ""), ("unix", "unix")],
)
def test_a_network_is_counted_as_one(remote: str, network: str) -> None:
    assert network_of(remote) == network


async def test_committees_words_are_public_without_the_names_in_them(city: Api, owner: Connection) -> None:
    chair = await city.as_user("chair")
    _, duty = await chair.post("committee-duties", {"item": "resident_rights", "matter": "业主王建国申请加装电梯"})
    await owner.execute(
        "UPDATE committee_duties SET state = 'residents_meeting', finding = '请联系13812345678' WHERE id = $1",
        duty["id"],
    )
    _, calendar = await city.nobody.get("/public/committee-duties", committee="committee-east")
    (shown,) = calendar["items"]
    assert (shown["period_name"], shown["finding"]) == ("业主〔姓名〕申请加装电梯", "请联系〔号码〕")
    _, own = await chair.post(f"committee-duties/{duty['id']}/findings", {"finding": "王建国已同意", "settled": False})
    assert own["finding"] == "王建国已同意"


async def test_auditor_reads_a_draft_as_residents_would(city: Api) -> None:
    shown = await drafted(city, title="业主王建国反映环卫")
    editor, auditor = await city.as_user("disclosure_editor"), await city.as_user("auditor")
    _, shown = await step(editor, shown, "edit", "电话13812345678", title="业主王建国反映环卫")
    _, told = await auditor.get(f"disclosures/{shown['id']}")
    _, listed = await auditor.get("disclosures")
    for text in (str(told), str(listed)):
        assert "王建国" not in text
        assert "13812345678" not in text
    assert "王建国" in (await editor.get(f"disclosures/{shown['id']}"))[1]["text"]
