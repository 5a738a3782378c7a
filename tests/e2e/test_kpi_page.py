"""The page on indicators in a real browser: a figure with what it was taken from, and the tickets behind it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import expect

from tests.harness.desk import Desk, browsing
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with browsing(stack) as desk:
        yield desk


def flame(event_id: str) -> dict[str, Any]:
    at_ms = round(datetime.now(UTC).timestamp() * 1000)
    value = {"phase": "start", "eventId": event_id, "label": "flame", "score": 0.95, "frameTime": at_ms}
    return {"time": at_ms, "value": value}


async def test_figure_leads_to_the_tickets_behind_it(desk: Desk, stack: Stack) -> None:
    page = desk.page
    await desk.log_in("officer")
    await stack.publish("cam-03", "thing/event/flame/post", flame("kpi-1"))
    await expect(page.locator("[data-ticket]").first).to_contain_text("室外火情")
    await page.goto(f"{desk.stack.url}/#/kpi")
    found = page.locator("[data-test=figures] tr", has_text="自动发现率")
    await expect(found).to_contain_text("100.0 % 样本小")
    await found.get_by_role("button").click()
    behind = page.locator("[data-test=behind]")
    await expect(behind.get_by_role("link", name=re.compile("工单"))).to_have_count(1)
    await desk.shoot("kpi")
    await page.locator("[data-field=group-by]").select_option("grade")
    await expect(page.locator("[data-test=figures] th", has_text="分组")).to_be_visible()
    await desk.shoot("kpi-by-grade")
    await desk.assert_clean()
