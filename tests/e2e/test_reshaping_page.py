"""An officer merges two incidents in a real browser, sees it in the history, and takes it back."""

from collections.abc import AsyncIterator
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


async def opened(stack: Stack, camera: str) -> dict[str, Any]:
    """The incident of a stall that one camera sees: a person reviews it, nobody has accepted any work."""
    leader = await stack.user("leader")
    value = {"phase": "start", "eventId": f"v-{camera}", "label": "stall", "score": 0.95}
    known = {row["id"] for row in (await leader.get("/incidents"))["items"]}
    async with leader.stream() as stream:
        await stack.publish(camera, "thing/event/street_vendor/post", {"value": value})
        told = await stream.until("incident.opened", lambda body: body["incident"]["id"] not in known)
    incident: dict[str, Any] = told.body["incident"]
    return incident


async def test_officer_merges_two_incidents_and_takes_it_back(desk: Desk, stack: Stack) -> None:
    page = desk.page
    one, other = await opened(stack, "cam-03"), await opened(stack, "cam-01")
    await desk.log_in("officer")
    await page.goto(f"{stack.url}/#/incidents/{one['id']}")
    members = page.locator("[data-test=members] tbody tr")
    await expect(members).to_have_count(1)
    await expect(page.locator("[data-test=ask-split]")).to_be_disabled()

    await page.keyboard.press("m")
    await page.locator(f"[data-candidate='{other['id']}']").click()
    await page.locator("[data-field=reshape-reason]").fill("同一商贩移动占道")
    await desk.shoot("incident-merge")
    await page.keyboard.press("Control+Enter")
    await expect(members).to_have_count(2)
    overlays = page.locator("[data-test=overlays] li")
    await expect(overlays).to_contain_text("同一商贩移动占道")
    await expect(overlays).to_contain_text("已生效")
    await desk.shoot("incident-merged")

    await overlays.locator("[data-test=undo]").click()
    await expect(page.locator("[data-member='2']")).to_be_checked()
    await page.locator("[data-field=reshape-reason]").fill("核实为两处")
    await page.locator("[data-test=reshape-submit]").click()
    await expect(members).to_have_count(1)
    await expect(overlays).to_have_count(2)
    await desk.shoot("incident-split")

    await page.locator("[data-test=ask-judge]").click()
    await page.locator("[data-field=word-reason]").fill("现场核实")
    await page.locator("[data-test=word-submit]").click()
    await expect(page.locator("[data-test=points]")).to_contain_text("核实属实：现场核实")

    await page.locator("[data-test=ask-merge]").click()
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-test=candidates]")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("heading", name="待办队列")).to_be_visible()
    await desk.assert_clean()


async def test_who_may_not_reshape_is_not_offered_it(desk: Desk, stack: Stack) -> None:
    incident = await opened(stack, "cam-03")
    await desk.log_in("urban")
    await desk.page.goto(f"{stack.url}/#/incidents/{incident['id']}")
    await expect(desk.page.locator("[data-test=members] tbody tr")).to_have_count(1)
    await expect(desk.page.locator("[data-test=reshape], [data-test=officers-word], [data-member]")).to_have_count(0)
