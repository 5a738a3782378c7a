"""Art. 50 in a real browser: a supervisor takes a file up; the desk sees that 119 is silent, and owes a report."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.harness.desk import Desk, browsing
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with browsing(stack) as desk:
        yield desk


async def turn_to(desk: Desk, login: str) -> None:
    await desk.log_in(login)
    await desk.page.goto(f"{desk.stack.url}/#/accountability")
    await expect(desk.page.locator("[data-test=accountability]")).to_be_visible()


async def dispatched_fire(stack: Stack) -> None:
    """A caller tells of a fire, whose ticket goes to the station by itself; the desk grades it II."""
    caller, officer = await stack.user("calltaker"), await stack.user("leader")
    text = {"text": "清水苑门口垃圾桶起火", "kind": "outdoor_fire", "lon": 104.0840177, "lat": 30.666667}
    async with officer.stream() as stream:
        await caller.post("/hotline/calls", text, idempotency_key="fire-1")
        told = await stream.until("ticket.opened", lambda body: body["ticket"]["kind"] == "outdoor_fire")
    ticket_id = told.body["ticket"]["id"]
    ticket = await officer.get(f"/tickets/{ticket_id}")
    if ticket["grade"] != 2:
        await officer.act(ticket_id, "grade", reason="火势较大", grade=2)


async def test_supervisor_takes_a_file_up_and_the_desk_sees_what_it_owes(desk: Desk, stack: Stack) -> None:
    supervisor = await stack.user("supervisor")
    fact = {"type": "false_closure", "unit": "jh-urban_management", "reason": "现场与照片不符"}
    file = await supervisor.post("/accountability-files", fact)
    await dispatched_fire(stack)

    page = desk.page
    await turn_to(desk, "supervisor")
    await page.locator("[data-test=files] button").first.click()
    await expect(page.locator("[data-test=told] h2")).to_contain_text("虚假办结")
    await page.locator("[data-event=take_up]").click()
    await page.locator("[data-test=act] button[type=submit]").click()
    await expect(page.locator("[data-test=told] h2")).to_contain_text("待核")
    await expect(page.locator("[data-test=bundle]")).to_have_attribute(
        "href", f"/api/v1/accountability-files/{file['id']}/export"
    )
    await page.locator("[data-event=forward]").click()
    await desk.shoot("accountability-file")
    await page.get_by_role("tab", name="逾期事实").click()
    await expect(page.locator("[data-test=breaches]")).to_contain_text("已立档")
    await desk.assert_clean()

    async with browsing(stack) as watch:
        await turn_to(watch, "leader")
        await watch.page.get_by_role("tab", name="应急移交").click()
        await watch.page.locator("[data-test=calls] button").first.click()
        await expect(watch.page.locator("[data-test=told]:visible h2")).to_contain_text("消防 119")
        await watch.shoot("accountability-call")
        await watch.page.locator("[data-test=told]:visible [data-event=acknowledged]").click()
        await watch.page.locator("[data-test=act]:visible [data-field=external_no]").fill("119-0042")
        await watch.page.locator("[data-test=act]:visible button[type=submit]").click()
        await expect(watch.page.locator("[data-test=told]:visible h2")).to_contain_text("已接警")
        await watch.page.get_by_role("tab", name="信息报告").click()
        await watch.page.locator("[data-test=reports] button").first.click()
        await expect(watch.page.locator("[data-test=told]:visible h2")).to_contain_text("首报")
        await watch.shoot("accountability-report")
        await watch.page.locator("[data-test=told]:visible [data-event=approve]").click()
        await watch.page.locator("[data-test=act]:visible button[type=submit]").click()
        await expect(watch.page.locator("[data-test=told]:visible h2")).to_contain_text("已审核")
        await watch.assert_clean()
