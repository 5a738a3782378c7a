"""Art. 45 in a real browser: a bureau is refused with a receipt, a lawful offer arrives, the committee refuses it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.harness.desk import Desk, browsing
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with browsing(stack) as desk:
        yield desk


async def choose(page: Page, field: str, option: str) -> None:
    await page.locator(f"[data-test=wish] [data-field={field}]").click()
    await page.get_by_role("option", name=option, exact=True).click()


async def open_admissions(desk: Desk, login: str) -> None:
    await desk.log_in(login)
    await desk.page.goto(f"{desk.stack.url}/#/admission")
    await expect(desk.page.locator("[data-test=admission-desk]")).to_be_visible()


async def write_wish(page: Page) -> None:
    await page.get_by_role("tab", name="新请求").click()
    await choose(page, "committee", "清水苑社区居民委员会(演示)")
    await choose(page, "origin", "锦华区消防救援(演示)")
    await choose(page, "matter", "楼宇火灾报警")
    await page.locator("[data-test=wish] [data-field=request]").fill("入户排查电动自行车违规停放充电")


async def test_a_bureau_is_refused_and_a_lawful_offer_is_the_committees_to_refuse(desk: Desk, stack: Stack) -> None:
    page = desk.page
    await open_admissions(desk, "fire-district")
    await write_wish(page)
    await choose(page, "means", "巡查、排查")
    await page.locator("[data-test=offer]").click()
    verdict = page.locator("[data-test=verdict]")
    await expect(verdict).to_contain_text("未送达居委会")
    await expect(verdict).to_contain_text("部门职责范围内事项不得转交")
    await desk.shoot("admission-refused")

    async with browsing(stack) as street:
        await open_admissions(street, "subdistrict")
        await write_wish(street.page)
        await street.page.locator("[data-test=judge]").click()
        await expect(street.page.locator("[data-test=verdict]")).to_contain_text("缺少")
        for field, text in (
            ("funds_ref", "区级预算 2026-17"),
            ("conditions", "消防救援站派两名队员同行"),
            ("information_support", "充电设施台账"),
            ("guidance_contact", "张科长"),
        ):
            await street.page.locator(f"[data-test=wish] [data-field={field}]").fill(text)
        days = street.page.locator("[data-test=wish] .el-date-editor input")
        for nth, day in enumerate(("2027-01-01", "2027-01-31")):
            await days.nth(nth).fill(day)
            await days.nth(nth).press("Enter")
        await street.page.locator("[data-test=offer]").click()
        await expect(street.page.locator("[data-test=verdict]")).to_contain_text("已送达居委会")
        await street.assert_clean()

    async with browsing(stack) as committee:
        await open_admissions(committee, "committee")
        await expect(committee.page.get_by_role("tab", name="新请求")).to_have_count(0)
        await committee.page.locator("[data-test=committee-offers] button").first.click()
        await committee.page.locator("[data-event=refuse]").click()
        await committee.page.locator("[data-test=act] [data-field=refusal]").click()
        await committee.page.get_by_role("option", name="力量不足").click()
        await committee.shoot("admission-offer")
        await committee.page.locator("[data-test=act] button[type=submit]").click()
        await expect(committee.page.locator("[data-test=subject] h2")).to_contain_text("已拒绝")
        await committee.page.get_by_role("tab", name="拒绝回执").click()
        await expect(committee.page.locator("[data-test=receipts]")).to_contain_text("巡查、排查")
        await committee.shoot("admission-receipts")
        await committee.assert_clean()
