"""The console knows every word that the server may say, and its lock file names no registry."""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.api.models.problems import ProblemCode
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import ClockName, EntryKind, TicketEvent, TicketState
from dispatcher.tickets.routing import RouteReason
from dispatcher.tickets.transitions import TRANSITIONS

CONSOLE: Final = Path(__file__).parents[2] / "dispatcher" / "console"
WORDS: Final = CONSOLE / "src" / "i18n" / "domain.zh-CN.ts"
ACTIONS: Final = CONSOLE / "src" / "i18n" / "action.zh-CN.ts"
MESSAGES: Final = CONSOLE / "src" / "i18n" / "zh-CN.ts"


def keys_of(path: Path, group: str) -> set[str]:
    """The keys of one group of a locale file; that both languages have the same ones the console's own tests check."""
    told = "".join(each.read_text(encoding="utf-8") for each in ((path, ACTIONS) if path == WORDS else (path,)))
    match = re.search(rf"^  {group}: {{\n(.*?)^  }},", told, re.MULTILINE | re.DOTALL)
    assert match is not None, f"{path.name} has no group {group}"
    return set(re.findall(r"^    (\w+):", match[1], re.MULTILINE))


def written_files() -> list[Path]:
    """All but the types that are made from openapi.json."""
    files = [path for path in (CONSOLE / "src").rglob("*") if path.suffix in {".ts", ".vue", ".css"}]
    return [path for path in files if path.name != "schema.d.ts"]


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("state", TicketState),
        ("event", TicketEvent),
        ("clockName", ClockName),
        ("role", UserRole),
        ("entry", EntryKind),
        ("guard", Guard),
        ("routing", RouteReason),
    ],
)
def test_the_console_has_a_word_for_every_member(group: str, words: type[StrEnum]) -> None:
    assert {word.value for word in words} - keys_of(WORDS, group) == set()


def test_the_console_has_a_sentence_for_every_refusal() -> None:
    assert {code.value for code in ProblemCode} - keys_of(MESSAGES, "error") == set()


def test_the_console_has_a_label_for_every_field_and_choice_of_an_action() -> None:
    fields = {field.name for row in TRANSITIONS for field in row.fields}
    choices = {choice for row in TRANSITIONS for field in row.fields for choice in field.choices}
    assert fields - keys_of(WORDS, "field") == set()
    assert choices - keys_of(WORDS, "choice") == set()


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((CONSOLE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_every_design_token_that_is_used_is_defined() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in written_files())
    used, defined = (set(re.findall(found, told)) for found in (r"var\((--[a-z0-9-]+)", r"(--[a-z0-9-]+)\"?\s*:"))
    assert used - defined == set()


def test_no_source_file_of_the_console_is_long() -> None:
    written = written_files()
    assert [path.name for path in written if len(path.read_text(encoding="utf-8").splitlines()) > 300] == []
