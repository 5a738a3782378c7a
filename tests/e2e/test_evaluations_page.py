"""Art. 46 in a real browser: a committee evaluates and is answered, an assessment hears it; petitions are taken in."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.harness.desk import Desk, browsing
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with browsing(stack) as desk:
        yield desk


async def turn_to(desk: Desk, login: str, path: str = "evaluations", shown: str = "evaluations-page") -> Page:
    await desk.log_in(login)
    await desk.page.goto(f"{desk.stack.url}/#/{path}")
    await expect(desk.page.locator(f"[data-test={shown}]")).to_be_visible()
    return desk.page


async def choose(form: Locator, field: str, option: str) -> None:
    await form.locator(f"[data-field={field}]").click()
    await form.page.get_by_role("option", name=option, exact=True).click()
    # A list takes a while to fade; the next one may name the same.
    await expect(form.page.get_by_role("option", name=option, exact=True)).to_be_hidden()


async def fill_period(form: Locator) -> None:
    await form.get_by_placeholder("起", exact=True).fill("2026-01-01")
    await form.get_by_placeholder("止", exact=True).fill("2026-03-31")
    await form.get_by_placeholder("止", exact=True).press("Enter")


async def evaluate(page: Page) -> None:
    await page.locator("[data-test=draft]").click()
    form = page.locator("[data-test=new-evaluation]")
    await choose(form, "subject", "供水")
    await choose(form, "unit", "自来水公司(演示)")
    await choose(form, "authority", "锦华区城市管理(演示)")
    await fill_period(form)
    await form.locator("[data-field=summary]").fill("停水通知不及时，居民多次反映")
    await form.locator("button[type=submit]").click()
    for number in range(5):
        await page.locator("[data-field=opinion]").fill(f"第{number + 1}户：停水没有通知")
        await page.locator("[data-test=opinion] button[type=submit]").click()
        await expect(page.locator("[data-test=opinions] li")).to_have_count(number + 1)


async def test_committee_evaluates_is_answered_and_an_assessment_hears_it(desk: Desk, stack: Stack) -> None:
    page = await turn_to(desk, "committee")
    await evaluate(page)
    await page.locator("[data-event=submit]").click()
    await page.locator("[data-test=act] button[type=submit]").click()
    await expect(page.locator("[data-test=evaluation] h2")).to_contain_text("已提交")
    await expect(page.locator("[data-test=figures]")).to_contain_text("5 条，均分 5，满意 100%")

    async with browsing(stack) as authority:
        theirs = await turn_to(authority, "urban")
        line = theirs.locator("[data-test=evaluations] button").first
        while await line.count() == 0:  # The next step of the dispatcher delivers it.
            await theirs.locator("[data-test=reload]").click()
            await expect(theirs.locator("[data-test=evaluations-page]")).to_be_visible()
        await line.click()
        await expect(theirs.locator("[data-test=opinions]")).to_have_count(0)
        await theirs.locator("[data-event=reply]").click()
        await theirs.locator("[data-field=reply]").fill("已约谈供水单位")
        await theirs.locator("[data-field=measures]").fill("停水提前一日通知")
        await authority.shoot("evaluation-reply")
        await theirs.locator("[data-test=act] button[type=submit]").click()
        await expect(theirs.locator("[data-test=evaluation] h2")).to_contain_text("已回应")
        await authority.assert_clean()

    await page.locator("[data-test=reload]").click()
    await page.locator("[data-test=evaluations] button").first.click()
    await page.locator("[data-event=not_enough]").click()
    await page.locator("[data-field=reason]").fill("没有期限")
    await page.locator("[data-test=act] button[type=submit]").click()
    await expect(page.locator("[data-test=evaluation] h2")).to_contain_text("待回应")
    await desk.shoot("evaluation")

    async with browsing(stack) as watch:
        theirs = await turn_to(watch, "supervisor")
        await theirs.get_by_role("tab", name="机关考核").click()
        await theirs.locator("[data-test=assess]").click()
        await choose(theirs.locator("[data-test=new-assessment]"), "unit", "锦华区城市管理(演示)")
        await fill_period(theirs.locator("[data-test=new-assessment]"))
        await theirs.locator("[data-test=new-assessment] button[type=submit]").click()
        hear = theirs.locator("[data-test=hear]")
        for form in ("座谈会", "问卷"):
            await choose(hear, "committee", "清水苑社区居民委员会(演示)")
            await choose(hear, "form", form)
            await hear.locator("[data-field=opinion]").fill("响应较慢")
            await hear.locator("button[type=submit]").click()
            await expect(theirs.locator("[data-test=hearings]")).to_contain_text(form)
        await theirs.locator("[data-field=conclusion]").fill("列为重要参考因素")
        await theirs.locator("[data-test=conclude] button[type=submit]").click()
        await expect(theirs.locator("[data-test=assessment] h2")).to_contain_text("已形成结论")
        await watch.shoot("assessment")
        await theirs.get_by_role("tab", name="居民满意度").click()
        await expect(theirs.locator("[data-test=sums]")).to_contain_text("100%")
        await watch.assert_clean()
    await desk.assert_clean()


async def test_petition_is_taken_in_and_only_its_receiver_reads_the_name(desk: Desk, stack: Stack) -> None:
    page = await turn_to(desk, "calltaker", "accountability", "accountability")
    form = page.locator("[data-test=new-petition]")
    await choose(form, "kind", "投诉")
    await choose(form, "about", "锦华区城市管理(演示)")
    await choose(form, "receiver", "锦华区公安(演示)")
    await form.locator("[data-field=matter]").fill("多次反映无人受理")
    await form.locator("[data-field=petitioner]").fill("李四")
    await form.locator("button[type=submit]").click()
    await expect(page.locator("[data-test=taken]")).to_contain_text("已登记 PT-")
    await desk.assert_clean()
    for login, seen in (("police", "李四"), ("supervisor", "仅受理办理人可见")):
        async with browsing(stack) as other:
            theirs = await turn_to(other, login, "accountability", "accountability")
            await theirs.get_by_role("tab", name="检举投诉控告").click()
            await theirs.locator("[data-test=petitions] button").first.click()
            await expect(theirs.locator("[data-test=told]:visible")).to_contain_text(seen)
            await other.shoot(f"petition-{login}")
            await other.assert_clean()
    async with browsing(stack) as meant:
        theirs = await turn_to(meant, "urban", "accountability", "accountability")
        await theirs.get_by_role("tab", name="检举投诉控告").click()
        await expect(theirs.locator("[data-test=petitions] button")).to_have_count(0)
