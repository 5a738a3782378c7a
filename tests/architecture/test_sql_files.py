"""Migrations stand in order and say what they are; no SQL takes the time from the server where a rule should."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from runtime.queries import load
from tests.architecture.repository import PACKAGES, files, python_files, text, tree

MIGRATIONS: Final = files(".sql", under="deploy/migrations")
QUERIES: Final = [path for path in files("queries.sql") if path.name == "queries.sql"]

_TRANSACTION_TIME: Final = re.compile(
    r"\bnow\s*\(\s*\)|\bcurrent_(timestamp|date|time)\b|\blocal(time|timestamp)\b|\b(transaction|statement)_timestamp\b"
    r"|\btimeofday\s*\(|'(now|today|tomorrow|yesterday)'",
    re.IGNORECASE,
)
_ALL_COLUMNS: Final = re.compile(r"SELECT\s+(\w+\.)?\*\s*(,|FROM\s+(?!unnest\b))", re.IGNORECASE)
_REAL_TIME: Final = re.compile(r"\bclock_timestamp\s*\(", re.IGNORECASE)

# Who may ask for the server's real time, and for what.
REAL_TIME: Final = {
    "cli/bench/naive.py": "the yardstick knows no domain and measures in real time",
    "dispatcher/accounts/queries.sql": "sessions end in real time",
    "dispatcher/backtests/queries.sql": "the lease of a trial's job",
    "dispatcher/channels/queries.sql": "leases and retries of the outbox",
    "dispatcher/desk/queries.sql": "how old the signed message of a partner system is",
    "dispatcher/engine/queries.sql": "the lease of the leadership",
    "dispatcher/handovers/queries.sql": "how old a signed answer of an emergency service is",
    "runtime/clock.py": "which processes are alive to confirm a simulated time",
    "runtime/migrations.py": "when a migration was applied",
}


def statements(path: Path) -> str:
    """A file of SQL without its comments."""
    return re.sub(r"--[^\n]*", "", text(path))


def strings(path: Path) -> str:
    """The strings of a Python file that are no docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return "\n".join(
        node.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    )


def _looks_like_sql(said: str) -> bool:
    return re.search(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b", said) is not None


def test_migrations_are_numbered_without_a_hole() -> None:
    plain = [path for path in MIGRATIONS if not path.name.endswith(".timescale.sql")]
    assert [int(path.name[:4]) for path in plain] == list(range(1, len(plain) + 1))
    assert {path.name[:4] for path in MIGRATIONS} == {path.name[:4] for path in plain}


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.name)
def test_migration_names_itself_and_says_what_it_is_about(path: Path) -> None:
    first, second, *_ = text(path).splitlines()
    assert first == f"-- {path.name}"
    assert second.startswith("-- ")
    assert second.endswith(".")


def test_no_sql_takes_the_time_of_its_transaction() -> None:
    asking = [str(path) for path in (*MIGRATIONS, *QUERIES) if _TRANSACTION_TIME.search(statements(path))]
    assert asking == []
    said = [(path, strings(path)) for path in python_files(*PACKAGES)]
    assert [str(path) for path, sql in said if _looks_like_sql(sql) and _TRANSACTION_TIME.search(sql)] == []


def test_real_time_is_asked_for_only_where_a_reason_is_listed() -> None:
    asking = {str(path) for path in (*MIGRATIONS, *QUERIES) if _REAL_TIME.search(statements(path))}
    asking |= {str(path) for path in python_files(*PACKAGES) if _REAL_TIME.search(strings(path))}
    assert asking == set(REAL_TIME)


def test_every_file_of_sql_is_a_migration_or_a_file_of_queries() -> None:
    assert set(files(".sql")) == {*MIGRATIONS, *QUERIES}


@pytest.mark.parametrize("path", QUERIES, ids=str)
def test_no_query_takes_whatever_columns_there_are(path: Path) -> None:
    queries = load(".".join(path.parent.parts))
    assert [name for name in queries if _ALL_COLUMNS.search(getattr(queries, name))] == []
