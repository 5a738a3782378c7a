"""Art. 44 in a real browser: an editor redacts and checks, a second person publishes, a resident reads it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.harness.desk import Desk, browsing
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]

DRAFT = """async () => (await fetch('/api/v1/disclosures', {
  method: 'POST',
  headers: {'Content-Type': 'application/json'},
  body: JSON.stringify({
    item: 'public_management', title: '楼道堆物整治', publisher: 'gov-jh',
    text: '经业主王建国(13812345678)反映,3栋2单元楼道堆物已清运,共12处。咨询电话028-87654321。',
  }),
})).status"""


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with browsing(stack) as desk:
        yield desk


async def open_disclosures(desk: Desk, login: str) -> None:
    await desk.log_in(login)
    await desk.page.goto(f"{desk.stack.url}/#/disclosures")
    await expect(desk.page.locator("[data-test=disclosure-desk]")).to_be_visible()


async def test_two_persons_make_a_matter_public_and_nobody_in_it(desk: Desk, stack: Stack) -> None:
    page = desk.page
    await open_disclosures(desk, "disclosure-editor")
    assert await page.evaluate(DRAFT) == 201
    await page.locator("[data-test=reload]").click()
    await page.locator("[data-test=disclosures] button").first.click()
    preview = page.locator("[data-test=preview]")
    await expect(preview).to_contain_text(
        "经业主〔姓名〕(〔号码〕)反映,〔门牌〕楼道堆物已清运,共12处。咨询电话〔号码〕。"
    )
    # The office's own number is no personal datum: taken back with a reason.
    await page.locator("[data-field=waiver]").last.fill("政府公开电话")
    await page.locator("[data-event=edit]").click()
    await expect(preview).to_contain_text("咨询电话028-87654321")
    await desk.shoot("disclosure-draft")
    for box in ("secret", "commercial", "privacy"):
        await page.locator(f".boxes [data-field={box}]").click()
    await page.locator("[data-event=check]").click()
    await expect(page.locator("[data-test=disclosure]")).to_contain_text("等待另一人审核")
    await desk.assert_clean()

    async with browsing(stack) as second:
        await open_disclosures(second, "disclosure-approver")
        await second.page.locator("[data-test=disclosures] button").first.click()
        await second.page.locator("[data-event=approve]").click()
        await second.page.locator("[data-event=publish]").click()
        await expect(second.page.locator("[data-test=disclosure] h2")).to_contain_text("已公开")
        await second.shoot("disclosure-published")
        await second.assert_clean()

    async with browsing(stack) as resident:
        await resident.page.goto(f"{stack.url}/public/disclosures")
        await resident.page.get_by_role("link", name="楼道堆物整治").click()
        await expect(resident.page.locator("main")).to_contain_text("〔门牌〕楼道堆物已清运")
        await expect(resident.page.locator("main")).not_to_contain_text("王建国")
        await resident.shoot("disclosure-public")
        await resident.assert_clean()
