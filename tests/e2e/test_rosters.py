"""Duty rosters in a real browser: the week with its gap in red, an override, the gap that was warned of."""

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


async def test_head_of_a_unit_sees_the_week_and_puts_somebody_in(desk: Desk, stack: Stack) -> None:
    page = desk.page
    await desk.log_in("urban")
    await page.goto(f"{stack.url}/#/rosters")
    grid = page.locator("[data-test=roster-grid]")
    await expect(grid).to_contain_text("望江坪消防救援站(演示)")
    own = grid.get_by_role("row").filter(has_text="区城管备勤")
    for _ in range(3):  # Nobody has entered the weeks behind the first twenty days.
        await page.locator("[data-test=week-after]").click()
    await expect(own.locator(".gap").first).to_contain_text("无人值班")
    await desk.shoot("rosters-gap")
    await own.get_by_role("button").click()
    form = page.locator("[data-test=override]")
    await form.locator("[data-field=contact]").click()
    await page.get_by_role("option", name="沈洁").click()
    moment = await page.evaluate("new Date(Date.now() + 40 * 864e5).toISOString().slice(0, 10)")
    await form.locator("[data-field=from]").fill(f"{moment}T08:00")
    await form.locator("[data-field=until]").fill(f"{moment}T20:00")
    await form.locator("[data-field=reason] input, input[data-field=reason]").first.fill("值班表尚未排定")
    await form.get_by_role("button", name="确认").click()
    await expect(form).to_contain_text("已安排")
    await page.get_by_role("tab", name="空缺与失联").click()
    await expect(page.locator("[data-test=gaps]")).to_contain_text("锦华区城市管理(演示)")
    await desk.shoot("rosters-concern")
    await desk.assert_clean()
