"""What happens too often, in a real browser: a finding on the map, and a person who decides what is made of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import expect

from dispatcher.rates import store
from dispatcher.rates.model import Detector, Finding, Spot
from runtime.pool import connect
from tests.harness.desk import Desk, browsing
from tests.harness.stack import Stack
from tests.integration.dispatcher.api.community import NOON

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]

GRID = "cd-jh-wp-qs-02"


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with browsing(stack) as desk:
        yield desk


async def found(stack: Stack, incident: dict[str, object]) -> None:
    """What a scan and a chart would have written: two causes, each with its proposal."""
    conn = await connect(stack.settings.owner_dsn(), application_name="rongan-test-owner")
    try:
        path = tuple(await conn.fetchval("SELECT path FROM areas WHERE id = $1", GRID))
        near = Spot("place:scan", GRID, path, "清水苑二号门", incident["lon"], incident["lat"], 300)  # type: ignore[arg-type]
        witnesses = (int(str(incident["id"])),)
        span = (NOON - timedelta(days=2), NOON)
        async with conn.transaction():
            await store.write(
                conn,
                [
                    Finding(
                        Detector.SPACE_TIME_SCAN,
                        "street_vendor_occupation",
                        near,
                        *span,
                        12,
                        1.5,
                        14.2,
                        4e-4,
                        witnesses,
                    ),
                    Finding(
                        Detector.NB_CUSUM,
                        "illegal_parking",
                        Spot.of_area(GRID, path),
                        *span,
                        9,
                        2.0,
                        8.2,
                        None,
                        witnesses,
                    ),
                ],
            )
    finally:
        await conn.close()


async def test_proposals_are_shown_with_their_reason_and_decided_by_a_person(desk: Desk, stack: Stack) -> None:
    page = desk.page
    leader = await stack.user("leader")
    value = {"phase": "start", "eventId": "v-1", "label": "stall", "score": 0.95}
    async with leader.stream() as stream:
        await stack.publish("cam-03", "thing/event/street_vendor/post", {"value": value})
        incident = (await stream.until("incident.opened")).body["incident"]
    await found(stack, incident)
    await desk.log_in("officer")
    await page.goto(f"{desk.stack.url}/#/rates")
    await expect(page.locator("[data-test=rate-map][data-ready=true]")).to_be_visible()
    proposals = page.locator("[data-proposal]")
    await expect(proposals).to_have_count(2)
    scan = proposals.filter(has_text="占道经营")
    await expect(scan).to_contain_text("8.0 倍")
    await scan.hover()
    await desk.shoot("rates")

    await scan.locator("[data-test=accept]").click()
    await scan.locator("[data-field=reason]").fill("连续两周高发")
    await scan.locator("[data-test=decide]").click()
    await expect(scan.locator("[data-test=rectification]")).to_be_visible()
    chart = proposals.filter(has_text="违法停车")
    await chart.locator("[data-test=decline]").click()
    await chart.locator("[data-field=reason]").fill("道路施工期间的临时停放")
    await chart.locator("[data-test=decide]").click()
    await expect(chart.locator("[data-test=proposal-state]")).to_have_text("不采纳")
    await page.locator("#tab-findings").click()
    await expect(page.locator("[data-finding]")).to_have_count(2)
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("[data-test=findings]")).to_contain_text("space-time scan")
    await desk.shoot("rates-findings-english")
    await page.get_by_role("button", name="中文").click()
    await page.locator("#tab-proposals").click()
    await scan.locator("[data-test=rectification]").click()
    await expect(page.locator("[data-test=panel] [data-test=state]")).to_have_text("待立项")
    await desk.assert_clean()
