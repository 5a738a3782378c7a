"""Rules as one file that people read and change: TOML, or JSON for programs."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dispatcher.rules.document import RuleDocument
from dispatcher.rules.errors import RuleFileUnreadable

BYTES_MAX: Final = 1 << 20

_HEAD: Final = """\
# Rules of Rongan (蓉安). What each line means: docs/reference/rules.md.
# How to put a change in force: docs/how-to/change-rules.md.
"""
_GROUPS: Final = """
# Two events of a group belong together within r_m metres and t_s seconds. Reports of one subject with gaps up to
# g_s seconds are one occurrence. m: least number of neighbours, itself included, of what makes others belong together.
# lateness_s: how far the watermark stays behind the clock.
"""
_KINDS: Final = """
# The group of each kind, its likelihood and consequence (1-5), and whether an incident opens a ticket by itself
# (auto_ticket), asks an officer (review) or is only shown (notice_only).
"""
_PATTERNS: Final = """
# Which version of each pattern counts: active joins and is evidence, monitor only records, inactive and expired are not
# looked for, as is one that is not named.
"""
_MATRIX: Final = """
# A row a consequence; grades 1 (gravest) to 4 by likelihood 1 to 5.
"""


def read_content(path: Path) -> object:
    """The content of a file, by its ending; not checked yet. Raises RuleFileUnreadable."""
    try:
        raw = path.read_bytes()
        if len(raw) > BYTES_MAX:
            raise RuleFileUnreadable(path, f"longer than {BYTES_MAX >> 20} MiB")
        said = raw.decode("utf-8")
        content: object = json.loads(said) if path.suffix.lower() == ".json" else tomllib.loads(said)
    except (OSError, ValueError, RecursionError) as error:
        raise RuleFileUnreadable(path, str(error)) from None
    return content


def as_toml(document: RuleDocument, *, said_of_it: str = "") -> str:
    """The file; `said_of_it` stands on top as a comment. Reading it gives the same document."""
    return "\n".join(_lines(document, said_of_it)) + "\n"


def as_json(document: RuleDocument) -> str:
    """The file for programs."""
    return json.dumps(document.content(), ensure_ascii=False, indent=2) + "\n"


def _lines(document: RuleDocument, said_of_it: str) -> Iterator[str]:
    yield _HEAD.rstrip()
    yield from (f"# {line}" for line in said_of_it.splitlines())
    yield f"\nformat = {document.format}"
    if document.references:
        yield f"references = {_inline(document.references)}"
    yield _GROUPS.rstrip()
    if not document.groups:
        yield "\n[groups]"
    for name, group in sorted(document.groups.items()):
        yield f"\n[groups.{name}]"
        yield from (f"{field} = {_value(value)}" for field, value in group.model_dump(mode="json").items())
    yield _KINDS.rstrip()
    yield "\n[kinds]"
    for name, rules in sorted(document.kinds.items()):
        yield f"{name} = {_inline(rules.model_dump(mode='json'))}"
    if document.patterns is not None:
        yield _PATTERNS.rstrip()
        yield "\n[patterns]"
        for name, pattern in sorted(document.patterns.items()):
            yield f"{name} = {_inline(pattern.model_dump(mode='json'))}"
    yield _MATRIX.rstrip()
    yield "\n[matrix]"
    for row, grades in sorted(document.matrix.items(), reverse=True):
        yield f"{row} = [{', '.join(map(str, grades))}]"


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{name} = {_value(value)}" for name, value in values.items()) + " }"


def _value(value: object) -> str:
    # What JSON writes for a text, a whole number and a truth is TOML as well; names hold no control characters.
    return json.dumps(value, ensure_ascii=False)
