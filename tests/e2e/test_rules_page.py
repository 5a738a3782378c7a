"""The rules in a real browser: drafted, judged, compared, tried on the record, and put in force."""

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


async def test_engineer_drafts_tries_and_activates_a_version(desk: Desk) -> None:
    page = desk.page
    await desk.log_in("engineer")
    await page.goto(f"{desk.stack.url}/#/rules")
    groups = page.locator("[data-test=groups]")
    await expect(groups).to_contain_text("150 米")
    await desk.shoot("rules")
    await page.locator("#tab-matrix").click()
    await expect(page.locator("[data-test=matrix] [role=img]")).to_have_count(25)
    await page.locator("#tab-points").click()
    await expect(page.locator("[data-test=points]")).to_contain_text("独立来源印证")
    await page.locator("#tab-patterns").click()
    await expect(page.locator("[data-test=patterns]")).to_contain_text("垃圾桶起火")

    await page.locator("[data-test=begin-draft]").click()
    radius = page.locator("[data-path='groups.fire.r_m']")
    await radius.fill("0")
    await page.locator("[data-test=check]").click()
    await expect(page.locator("[data-test=rule-findings]")).to_contain_text("火灾燃气 · 相连距离")
    await radius.fill("200")
    await expect(page.locator("[data-test=rule-findings]")).to_have_count(0)
    await page.locator("[data-test=check]").click()
    await expect(page.locator("[data-test=checked]")).to_contain_text("校验通过")
    await desk.shoot("rules-draft")
    await page.locator("[data-test=draft] [data-field=note]").fill("扩大火灾相连距离")
    await page.locator("[data-test=keep]").click()
    await expect(page.locator("[data-test=difference] tbody tr")).to_have_count(1)
    await expect(page.locator("[data-test=difference] tbody")).to_contain_text("groups.fire.r_m")

    await page.locator("#tab-backtests").click()
    await page.locator("[data-test=backtest]").click()
    await expect(page.locator("[data-test=backtest-result] [data-test=trial]")).to_be_visible()
    await desk.shoot("rules-backtest")

    await page.locator("#tab-activation").click()
    await page.locator("[data-test=dry-run]").click()
    await expect(page.locator("[data-test=activation] [data-test=trial-empty]")).to_be_visible()
    activation = page.locator("[data-test=activation]")
    await activation.locator("[data-field=reason]").fill("试算无差异")
    await expect(activation.locator("[data-test=activate]")).to_be_disabled()
    await activation.locator("[data-field=confirm]").fill("2")
    await activation.locator("[data-test=activate]").click()
    await expect(activation.get_by_role("status")).to_contain_text("第 2 版自")
    await expect(page.locator("[data-version='1']")).to_contain_text("曾使用")
    await desk.shoot("rules-active")
    await desk.assert_clean()
