"""An officer's browser on a running system: logs in, takes pictures, remembers what the page complained of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import ConsoleMessage, Page, async_playwright, expect

from tests.harness.programs import require_program
from tests.harness.stack import PATIENCE_S, Stack

SHOTS: Final = Path(__file__).parents[2] / "test-results"
PATIENCE_MS: Final = PATIENCE_S * 1000
# Root has no sandbox; the map draws without a graphics card.
FLAGS: Final = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
WATCH_POLICY: Final = """
window.broken = [];
document.addEventListener('securitypolicyviolation', (e) => {
  window.broken.push(`${e.violatedDirective} ${e.blockedURI}`);
});
"""


class Desk:
    """One officer's browser; remembers what the page complained of."""

    def __init__(self, page: Page, stack: Stack) -> None:
        self.page = page
        self.stack = stack
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    async def log_in(self, login: str) -> None:
        await self.page.goto(self.stack.url)
        await self.page.locator("input[name=login]").fill(login)
        await self.page.locator("input[name=password]").fill(self.stack.community.password_of(login))
        await self.page.get_by_role("button", name="登录").click()
        await expect(self.page.get_by_role("heading", name="待办队列")).to_be_visible()
        await expect(self.page.locator("[data-test=map][data-ready=true]")).to_be_visible()

    async def shoot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"console-{name}.png")

    async def assert_clean(self) -> None:
        """Neither an error in the browser's console nor anything that the content security policy forbids."""
        assert self.complaints == []
        assert await self.page.evaluate("window.broken") == []


@asynccontextmanager
async def browsing(stack: Stack) -> AsyncIterator[Desk]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require_program("browser"), args=FLAGS)
        context = await browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme="light")
        await context.add_init_script(WATCH_POLICY)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        try:
            yield Desk(page, stack)
        finally:
            await browser.close()
