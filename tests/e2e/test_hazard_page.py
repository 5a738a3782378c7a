"""Graded screening in a real browser: the register explains itself, a grave hazard proposes its ticket."""

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


async def open_hazards(desk: Desk, login: str) -> None:
    await desk.log_in(login)
    await desk.page.goto(f"{desk.stack.url}/#/hazards")
    await expect(desk.page.locator("[data-test=hazard-page]")).to_be_visible()


async def choose(page: Page, field: str, option: str) -> None:
    await page.locator(f"[data-test=hazard-form] [data-field={field}]").click()
    await page.get_by_role("option", name=option, exact=True).click()


async def test_register_explains_a_level_and_a_grave_hazard_proposes_its_ticket(desk: Desk) -> None:
    page = desk.page
    await open_hazards(desk, "subdistrict")
    register = page.locator("[data-test=hazards]")
    await expect(register.locator("li")).to_have_count(3)
    await register.get_by_text("电动自行车集中停放充电场所火灾隐患").click()
    await expect(page.locator("[data-test=hazard]")).to_contain_text("危险性分值 126")
    await expect(page.locator("[data-test=hazard-what-if]")).to_contain_text("较大")
    await desk.shoot("hazards")

    await page.get_by_role("tab", name="待排查轮次").click()
    rounds = page.locator("[data-test=rounds]")
    await expect(rounds.locator("tbody tr")).to_have_count(3)
    await rounds.locator("button").first.click()
    await expect(page.locator("[data-test=round] li").first).to_be_visible()
    await desk.shoot("hazards-rounds")

    await page.get_by_role("tab", name="登记隐患").click()
    await choose(page, "kind", "道路空洞塌陷隐患")
    await choose(page, "area", "清水苑第三网格")
    for name, option in (
        ("likelihood", "6 · 相当可能"),
        ("exposure", "6 · 每天暴露"),
        ("consequence", "15 · 非常严重一人死亡"),
    ):
        await choose(page, name, option)
    form = page.locator("[data-test=hazard-form]")
    await form.locator("input[data-field=place]").fill("清水苑南门外")
    await form.locator("textarea[data-field=description]").fill("雷达探测路面下有空洞")
    await form.locator("input[data-field=note]").fill("与水务现场会商")
    await form.get_by_role("button", name="登记").click()
    await expect(form).to_contain_text("已提请协同整治立项")
    await desk.shoot("hazards-form")
    await page.get_by_role("tab", name="隐患台账").click()
    await register.get_by_text("道路空洞塌陷隐患").click()
    await expect(page.locator("[data-test=hazard]")).to_contain_text("整治工单（待立项）")
    await desk.assert_clean()


async def test_unit_carries_out_its_round_and_its_find_is_in_the_register(desk: Desk) -> None:
    page = desk.page
    await open_hazards(desk, "fire")
    await page.get_by_role("tab", name="待排查轮次").click()
    await page.locator("[data-test=rounds] tr", has_text="清水苑2号车棚").locator("button").click()
    shed = page.locator("[data-test=round]")
    await shed.locator("[data-item=sprinklers]").click()
    await shed.get_by_label("发现隐患").check()
    await shed.get_by_placeholder("佐证").fill("喷淋无水")
    for field, option in (
        ("likelihood", "3 · 可能但不经常"),
        ("exposure", "6 · 每天暴露"),
        ("consequence", "7 · 严重重伤"),
    ):
        await shed.locator(f"[data-field={field}]").click()
        await page.get_by_role("option", name=option, exact=True).click()
    await shed.get_by_role("button", name="确认").click()
    await expect(shed.get_by_role("link")).to_contain_text("HZ-")
    await expect(shed.get_by_role("button", name="上报")).to_be_disabled()
    await shed.locator("[data-item=wiring]").click()
    await shed.get_by_label("未查").check()
    await shed.get_by_placeholder("未查原因").fill("配电箱上锁")
    await shed.get_by_role("button", name="确认").click()
    for item in ("distance", "lane"):
        await shed.locator(f"[data-item={item}]").click()
        await shed.get_by_role("button", name="确认").click()
    await desk.shoot("hazards-round")
    await shed.get_by_role("button", name="上报").click()
    await expect(shed).to_contain_text("已上报")
    await expect(page.locator("[data-test=rounds] tr", has_text="清水苑2号车棚")).to_have_count(0)
    await desk.assert_clean()


async def test_committee_reads_the_register_and_is_given_no_work(desk: Desk) -> None:
    page = desk.page
    await open_hazards(desk, "committee")
    await expect(page.locator("[data-test=hazards] li").first).to_be_visible()
    await expect(page.get_by_role("tab", name="登记隐患")).to_have_count(0)
    await page.locator("[data-test=hazards] button").first.click()
    await expect(page.locator("[data-test=hazard]")).to_be_visible()
    await expect(page.locator("[data-test=hazard] [data-event]")).to_have_count(0)
