"""Taking a call and calling back in a real browser: by keyboard alone, and the number only for who took the call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from runtime.pool import Connection
from tests.harness.desk import FLAGS, PATIENCE_MS, SHOTS, WATCH_POLICY
from tests.harness.postgres import Database
from tests.harness.programs import require_program
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.running import Api, running_api
from tests.integration.dispatcher.api.test_desk import reported, wait_for_call

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def api(database: Database, owner: Connection, tmp_path: Path) -> AsyncIterator[Api]:
    """The api alone, in a database made for exercises, at 20:00 in Chengdu."""
    await owner.execute("DELETE FROM deployment")
    await owner.execute(
        "INSERT INTO deployment (mode, simulated_at, rule_set, origin_lon, origin_lat)"
        " VALUES ('exercise', $1, 'default', 104.0657, 30.6598)",
        community.NOON,
    )
    await community.build(owner)
    async with running_api(database, tmp_path / "home") as api:
        yield api


@asynccontextmanager
async def page_of(api: Api, login: str, path: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require_program("browser"), args=FLAGS)
        context = await browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme="light")
        await context.add_init_script(WATCH_POLICY)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        try:
            await page.goto(f"{api.url}/#/login")
            await page.locator("input[name=login]").fill(login)
            await page.locator("input[name=password]").fill(community.PASSWORD)
            await page.get_by_role("button", name="登录").click()
            await expect(page.get_by_role("heading", name="待办队列")).to_be_visible()
            await page.goto(f"{api.url}/#{path}")
            yield page
            assert await page.evaluate("window.broken") == []
        finally:
            await browser.close()


async def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    await page.screenshot(path=SHOTS / f"console-{name}.png")


async def test_call_is_taken_by_keyboard_and_what_is_missing_is_asked(api: Api, owner: Connection) -> None:
    async with page_of(api, "call_taker", "/calls") as page:
        await expect(page.locator("[data-field=text]")).to_be_focused()
        await page.keyboard.type("三单元楼道路灯不亮，老人摔倒过")
        await page.keyboard.press("Tab")
        await page.keyboard.type("清水苑3栋")
        await expect(page.locator("[data-test=elements] li.open")).to_have_count(3)
        await page.locator("[data-field=phone]").fill("13812345678")
        await shoot(page, "call")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("[data-test=call-taken] h2")).to_contain_text("已登记 HR-")
        wanted = page.locator("[data-test=call-taken] [data-field=wanted]")
        await wanted.fill("尽快修好")
        await wanted.press("Enter")
        await expect(wanted).to_have_count(0)
        await shoot(page, "call-taken")
        code = await page.locator("[data-test=code]").inner_text()
        number = (await page.locator("[data-test=call-taken] h2").inner_text()).split()[-1]
        async with api.http.get(f"/public/tickets/{number}", headers={"Ticket-Code": code}) as answer:
            assert (answer.status, (await answer.json())["state"]) == (200, "received")
        await page.locator("[data-test=next]").click()
        await expect(page.locator("[data-field=text]")).to_be_focused()
    row = await owner.fetchrow("SELECT text, missing::text[] FROM hotline_calls")
    assert row is not None
    assert (row["text"][:4], row["missing"]) == ("三单元楼", ["when", "wanted"])


async def test_agent_takes_a_call_sees_the_number_and_closes_the_ticket(api: Api, owner: Connection) -> None:
    ticket_id, _ = await reported(api, owner)
    await wait_for_call(owner, ticket_id)
    async with page_of(api, "callback_agent", "/callbacks") as page:
        await expect(page.locator("[data-test=callback-queue] li")).to_have_count(1)
        await page.keyboard.press("Enter")
        callback = page.locator("[data-test=callback]")
        await expect(callback).to_contain_text("垃圾冒烟")
        assert "13812345678" not in await page.content()
        await page.locator("[data-test=look]").click()
        await expect(page.locator("[data-test=number]")).to_contain_text("13812345678")
        await callback.get_by_label("已解决", exact=True).check()
        await callback.get_by_label("基本满意", exact=True).check()
        await shoot(page, "callback")
        await page.locator("[data-test=finish]").click()
        await expect(page.get_by_text("已记录：已解决")).to_be_visible()
        await expect(page.locator("[data-test=callback-queue] li")).to_have_count(0)
    assert await owner.fetchval("SELECT state::text FROM tickets WHERE id = $1", ticket_id) == "closed"
    assert await owner.fetchval("SELECT count(*) FROM caller_looks") == 1


async def test_refusal_offers_the_legal_bases_of_its_reason_alone(api: Api, owner: Connection) -> None:
    ticket_id, _ = await reported(api, owner)
    async with page_of(api, "call_taker", f"/tickets/{ticket_id}") as page:
        await page.locator("[data-action=refuse_accept]").click()
        await page.locator("[data-field=code]").click()
        await page.get_by_role("option", name="不在管辖区域", exact=True).click()
        await page.locator("[data-field=legal_basis]").click()
        await expect(page.get_by_role("option", name="不属于本市管辖", exact=True)).to_be_visible()
        await expect(page.get_by_role("option", name="应当通过仲裁解决", exact=True)).to_have_count(0)
        await page.get_by_role("option", name="不属于本市管辖", exact=True).click()
        await page.locator("[data-field=reason]").fill("外地事项")
        await page.locator("[data-test=submit]").click()
        await page.locator("[data-test=submit]").click()  # it ends the record: asked twice
        # The word also stands on the button: only the state says that the refusal was taken.
        await expect(page.locator("[data-test=panel] [data-test=state]")).to_have_text("不予受理")
        await shoot(page, "refusal")
    fields = await owner.fetchval("SELECT fields FROM ticket_transitions WHERE event = 'refuse_accept'")
    assert fields["legal_basis"] == "other_region"
