"""The console in a real browser: an officer logs in, sees what devices report as it happens, and acts on it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.harness.desk import Desk, browsing
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with browsing(stack) as desk:
        yield desk


def scene(event_id: str, label: str, *, level: str | None = None) -> dict[str, Any]:
    at_ms = round(datetime.now(UTC).timestamp() * 1000)
    value = {"phase": "start", "eventId": event_id, "label": label, "score": 0.95, "frameTime": at_ms}
    return {"time": at_ms, "value": value | ({"level": level} if level else {})}


async def test_an_officer_sees_a_device_event_become_a_ticket_and_acts_on_it(desk: Desk, stack: Stack) -> None:
    page = desk.page
    await desk.log_in("officer")
    await expect(page.get_by_text(re.compile("自 .* 起平静无事"))).to_be_visible()
    await desk.shoot("1-quiet")
    await page.evaluate("window.sameDocument = true")

    await stack.publish("cam-03", "thing/event/flame/post", scene("c-1", "flame"))
    row = page.locator("[data-ticket]").first
    await expect(row).to_contain_text("室外火情")
    await expect(row.get_by_role("img", name="II 重大")).to_be_visible()
    assert await page.evaluate("window.sameDocument") is True, "the ticket must come without a reload"

    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    panel = page.locator("[data-test=panel]")
    await expect(panel.locator("[data-test=state]")).to_have_text("已派遣")
    await expect(panel.get_by_text("可能性 3 × 后果 4 → II 级")).to_be_visible()
    await expect(panel.get_by_text("牵头", exact=True)).to_be_visible()
    await desk.shoot("2-ticket")

    await page.keyboard.press("e")
    explained = page.locator("[data-test=explanation]")
    await expect(explained.locator("[data-test=members] tbody tr")).to_have_count(1)
    await expect(explained.locator("[data-test=points]")).to_contain_text("证据定级 II 级")
    await expect(explained.locator("[data-test=what-if]")).to_contain_text("再有 2 类独立来源印证 → I 级")
    await desk.shoot("2-explanation")
    await page.keyboard.press("Escape")
    await expect(panel.locator("[data-test=state]")).to_have_text("已派遣")

    await page.keyboard.press("c")
    await panel.locator("[data-field=text] textarea, textarea[data-field=text]").fill("已回看录像,确认明火")
    await page.keyboard.press("Control+Enter")
    await panel.get_by_role("tab", name="过程").click()
    await expect(panel.locator("[data-test=timeline]")).to_contain_text("已回看录像,确认明火")
    await desk.shoot("3-timeline")

    # What comes later waits in the strip: the row under the cursor stays where it is.
    await stack.publish("cam-04", "thing/event/smoke/post", scene("c-2", "smoke"))
    strip = page.locator("[data-test=waiting]")
    await expect(strip).to_contain_text("1 新")
    await expect(page.locator("[data-ticket]")).to_have_count(1)
    await page.keyboard.press(".")
    await expect(page.locator("[data-ticket]")).to_have_count(2)
    await expect(row).to_have_attribute("aria-selected", "true")

    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Work queue")).to_be_visible()
    await expect(panel.locator("[data-test=state]")).to_have_text("Dispatched")
    await page.get_by_title("Switch light and dark").click()
    await expect(page.locator("html")).to_have_class("dark")
    await desk.shoot("4-english-dark")
    await expect(page.locator("[data-test=conservation]")).to_contain_text("balanced")
    await desk.assert_clean()


async def test_a_lost_race_says_who_won_and_keeps_what_was_typed(desk: Desk, stack: Stack) -> None:
    page = desk.page
    await stack.publish("cam-03", "thing/event/flame/post", scene("c-1", "flame"))
    leader = await stack.user("leader")
    async with leader.stream() as stream:
        ticket_id = (await stream.until("ticket.opened")).body["ticket"]["id"]
    await desk.log_in("officer")
    await page.locator(f"[data-ticket='{ticket_id}']").click()
    panel = page.locator("[data-test=panel]")
    await panel.locator("[data-action=redispatch]").click()
    reason = panel.locator("[data-field=reason] textarea, textarea[data-field=reason]")
    await reason.fill("就近调整")

    # The shift leader is faster, and the officer's page does not learn of it before the officer submits.
    submitted: list[str] = []
    page.on("request", lambda request: submitted.append(request.url) if request.method == "POST" else None)

    async def stale(route: Route) -> None:
        await (route.continue_() if submitted else route.abort())

    await page.route(re.compile(rf"/api/v1/tickets/{ticket_id}(/timeline)?$"), stale)
    lead = (await leader.get(f"/tickets/{ticket_id}"))["lead"]["id"]
    await leader.act(ticket_id, "redispatch", reason="改派", lead=lead, co=[])
    await panel.locator("[data-test=submit]").click()

    await expect(panel.locator("[data-test=complaint]")).to_contain_text("值班长 已于")
    await expect(panel.locator("[data-test=complaint]")).to_contain_text("「改派」")
    await expect(reason).to_have_value("就近调整")
    await desk.shoot("5-conflict")
    await panel.locator("[data-test=submit]").click()
    await expect(panel.locator("form")).to_be_hidden()


async def test_a_wrong_password_and_a_lost_link_are_said_plainly(desk: Desk, stack: Stack) -> None:
    page = desk.page
    await page.goto(stack.url)
    await page.locator("input[name=login]").fill("officer")
    await page.locator("input[name=password]").fill("not it")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_contain_text("账号或密码不正确")
    await desk.shoot("6-refused")

    await page.clock.install()
    await desk.log_in("officer")
    link = page.get_by_role("status").filter(has_text=re.compile("实时|延迟|已断开")).first
    await expect(link).to_contain_text("实时")
    await page.context.set_offline(True)
    await page.clock.fast_forward(12_000)
    await expect(link).to_contain_text("延迟")
    await page.clock.fast_forward(25_000)
    await expect(link).to_contain_text("已断开")
    await expect(page.get_by_role("alert").filter(has_text="正在自动重连")).to_be_visible()
    await desk.shoot("7-lost")
    await page.context.set_offline(False)
    await page.clock.fast_forward(16_000)
    await expect(link).to_contain_text("实时")
