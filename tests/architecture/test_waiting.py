"""Tests wait for what happens, never for time to pass."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.repository import files, python_files, text, tree

_PAUSES: Final = frozenset({"sleep", "call_later", "call_at", "wait_for_timeout"})

# Where a test may pause, how, and why nothing tells it what it waits for.
ALLOWED: Final = {
    ("tests/harness/waiting.py", "pg_sleep"): "PostgreSQL tells nobody of locks and rows",
    ("tests/harness/doors.py", "call_later"): "turns the loop between looks at a count; and forwards the loop's timers",
    ("tests/integration/gateway/intake/test_outage.py", "call_later"): "a metric tells nobody that it changed",
    ("tests/e2e/test_kill_gateway.py", "call_later"): "the ledger is a file that another process writes",
}


def pauses(path: Path) -> Iterator[str]:
    """The ways in which a test file pauses: calls by whatever name, and `pg_sleep` inside SQL."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and node.attr in _PAUSES:
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in _PAUSES)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "pg_sleep(" in node.value:
            yield "pg_sleep"


def test_tests_pause_only_where_a_reason_is_listed() -> None:
    found = {
        (str(path), how) for path in python_files("tests") for how in pauses(path) if path.name != Path(__file__).name
    }
    assert found == set(ALLOWED)


def test_console_tests_pause_nowhere() -> None:
    pausing = [
        str(path) for path in files(".ts", under="dispatcher/console/tests") if re.search(r"\bsetTimeout\(", text(path))
    ]
    assert pausing == []
