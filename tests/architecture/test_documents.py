"""The documents say what the code says: links lead somewhere, commands exist, tables hold every word of the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from cli.main import app
from dispatcher.api.models.problems import ProblemCode
from dispatcher.api.titles import problem
from events.model import QuarantineReason
from gateway.dialects.model import EVENTS_MAX, HISTORY_READINGS_MAX, MESSAGE_ID_MAX, PROPERTIES_MAX
from gateway.endpoint.options import EndpointOptions
from gateway.intake.times import AHEAD_MAX, LIVE_BELIEF
from runtime.settings import Settings
from tests.architecture.repository import PACKAGES, ROOT, files, python_files, text

DOCUMENTS: Final = files(".md")
_REFERENCE: Final = Path("docs/reference")


def rows(page: Path) -> list[list[str]]:
    """The cells of every table row whose first cell is one or several words of code."""
    lines = [line for line in text(page).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def anchors(page: Path) -> set[str]:
    """What a link may name behind `#`: the headings as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    """Links of a page to files or headings that are not there; the web is not asked."""
    prose = re.sub(r"^```.*?^```", "", text(page), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        led = (ROOT / page.parent / place).resolve() if place else (ROOT / page)
        if not led.exists() or (anchor and anchor not in anchors(led.relative_to(ROOT))):
            yield target


def commands(page: Path) -> set[tuple[str, ...]]:
    """The commands that a page names, as a noun and, where one follows, a verb."""
    code = re.findall(r"`([^`\n]+)`", text(page)) + re.findall(
        r"^```sh\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL
    )
    named = re.findall(r"(?:^|[ /(])rongan ([a-z]+)(?: ([a-z]+(?![\w.:/-])))?", "\n".join(code), re.MULTILINE)
    return {tuple(filter(None, words)) for words in named}


@pytest.mark.parametrize("page", DOCUMENTS, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", DOCUMENTS, ids=str)
def test_commands_exist(page: Path) -> None:
    root: Any = get_command(app)
    missing = []
    for noun, *verbs in commands(page):
        command = root.get_command(None, noun)
        group = getattr(command, "commands", None)
        if command is None or (verbs and group is not None and verbs[0] not in group):
            missing.append((noun, *verbs))
    assert missing == []


@pytest.mark.parametrize("page", [Path("README.md"), Path("README.zh-CN.md")], ids=str)
def test_readme_leads_to_the_guides(page: Path) -> None:
    for guide in ("connect-a-device", "replay-real-events"):
        assert f"(docs/how-to/{guide}.md)" in text(page)


def test_map_names_every_folder_that_holds_code_and_none_that_is_gone() -> None:
    named = re.findall(r"`([a-z/_]+)`", "".join(cells[0] for cells in rows(Path("ARCHITECTURE.md"))))
    assert [name for name in named if not (ROOT / name).is_dir()] == []
    for package in ("gateway", "dispatcher"):
        inside = {path.parts[1] for path in files(".py", ".vue", under=package) if len(path.parts) > 2}
        assert inside == {name.split("/")[1] for name in named if name.startswith(f"{package}/")}, package
    assert {name.split("/")[0] for name in named} == set(PACKAGES)


def test_settings_page_holds_every_setting_with_its_default() -> None:
    found = {name.strip("`"): default for name, default, *_ in rows(_REFERENCE / "settings.md") if "," not in name}
    for name, field in Settings.model_fields.items():
        assert found[f"RONGAN_{name.upper()}"] == _shown(field.default), name


def test_settings_page_names_every_variable_that_is_read_and_no_other() -> None:
    named = {word for cells in rows(_REFERENCE / "settings.md") for word in re.findall(r"`(RONGAN_\w+)`", cells[0])}
    sources = [*python_files(*PACKAGES, "tests"), Path("Makefile"), Path(".ci/run")]
    read = {word for path in sources for word in re.findall(r"\bRONGAN_[A-Z][A-Z_]*[A-Z]\b", text(path))}
    assert named == read | {f"RONGAN_{name.upper()}" for name in Settings.model_fields}


def _shown(default: object) -> str:
    if default is None:
        return "—"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_errors_page_holds_every_code_with_its_status() -> None:
    found = {code.strip("`"): int(status) for code, status, *_ in rows(_REFERENCE / "http-errors.md")}
    assert found == {code.value: problem(code).status for code in ProblemCode}


def test_quarantine_page_holds_every_reason_in_the_order_of_the_code() -> None:
    assert [cells[0].strip("`") for cells in rows(_REFERENCE / "quarantine-reasons.md")] == list(QuarantineReason)


def test_device_guide_says_the_limits_of_the_code() -> None:
    guide = text(Path("docs/how-to/connect-a-device.md"))
    options = EndpointOptions()
    for said in (
        f"{options.payload_bytes_max // 1024} KiB",
        f"{PROPERTIES_MAX} values",
        f"{EVENTS_MAX} events",
        f"{HISTORY_READINGS_MAX:,} readings",
        f"{MESSAGE_ID_MAX} characters",
        f"{AHEAD_MAX.total_seconds():.0f} s ahead",
        f"{LIVE_BELIEF.total_seconds() / 3600:.0f} h old",
        f"the {options.subscriptions_max + 1}rd",
        f"for {options.write_stall_s:.0f} s",
        f"{options.downlink_window + options.downlink_queue_max} messages",
    ):
        assert said in guide, said
