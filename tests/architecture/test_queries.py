"""Every query of every `queries.sql` is right SQL that the processes may run, and somebody runs it."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
import pytest

from runtime.pool import Connection, connect
from runtime.queries import Queries, load
from tests.architecture.repository import files, python_files, text, tree
from tests.harness.postgres import Database

PACKAGES = [".".join(path.parent.parts) for path in files("queries.sql") if path.name == "queries.sql"]
_USERS = ("registry", "events", "gateway", "dispatcher", "cli")

# What the owner alone runs, when it seeds a database or changes a pattern; the processes may read those tables only.
OWNER_ALONE = {
    "registry": frozenset(
        {
            "insert_deployment",
            "insert_pattern",
            "insert_pattern_step",
            "upsert_attachment_parameter",
            "upsert_attachment_type",
            "upsert_committee_duty_rule",
            "upsert_check_item",
            "upsert_data_version",
            "upsert_hazard_kind",
            "upsert_inspection_interval",
            "upsert_lec_factor",
            "upsert_lec_level",
            "upsert_recurrence_rule",
            "upsert_department",
            "upsert_disclosure_rule",
            "upsert_escalation_step",
            "upsert_event_kind",
            "upsert_evidence_rule",
            "upsert_grade_parameter",
            "upsert_grade_points",
            "upsert_kind_group",
            "upsert_kind_risk",
            "upsert_limit",
            "upsert_call_rule",
            "upsert_re_check_rate",
            "upsert_refusal_basis",
            "upsert_risk_matrix",
            "upsert_undisclosed_kind",
        }
    ),
    "registry.accountability": frozenset(
        {
            "upsert_breach_ground",
            "upsert_competent_organ",
            "upsert_emergency_need",
            "upsert_emergency_number",
            "upsert_handover_step",
        }
    ),
    "registry.messages": frozenset({"insert_template", "upsert_limit", "upsert_rule"}),
    "registry.rosters": frozenset({"upsert_page_rule", "upsert_roster_parameter", "upsert_unit_call"}),
}


def used_queries() -> set[tuple[str, str]]:
    """Every `QUERIES.name` of the code as (package, name), through whatever module and name the queries came."""
    homes = {tuple(load(package)): package for package in PACKAGES}
    assert len(homes) == len(PACKAGES)
    used: set[tuple[str, str]] = set()
    for path in python_files(*_USERS):
        if "load(" not in text(path) and "QUERIES" not in text(path) and "_SQL" not in text(path):
            continue
        module = import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
        used |= {(homes[tuple(queries)], name) for queries, name in _queries_in(path, module)}
    return used


def _queries_in(path: Path, module: ModuleType) -> Iterator[tuple[Queries, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            queries = _value(node.value, module)
            if isinstance(queries, Queries) and node.attr != "yields":
                yield queries, node.attr


def _value(node: ast.expr, module: ModuleType) -> Any:
    """What a name or a dotted name of a module holds; None for anything else."""
    if isinstance(node, ast.Name):
        return vars(module).get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, module)
        return vars(owner).get(node.attr) if isinstance(owner, ModuleType) else None
    return None


@pytest.fixture
async def app(database: Database) -> Any:
    """A connection of the role that the processes have."""
    conn = await connect(database.app_dsn, application_name="rongan-test-app")
    try:
        yield conn
    finally:
        await conn.close()


@pytest.mark.parametrize("package", PACKAGES)
async def test_queries_are_right_and_allowed_to_the_role_of_the_processes(app: Connection, package: str) -> None:
    refused = set()
    for name in load(package):
        query = getattr(load(package), name)
        try:
            await app.prepare(query)
            # PREPARE asks nobody for permission; planning for execution does.
            await app.execute(f"EXPLAIN (GENERIC_PLAN) {query}")
        except asyncpg.InsufficientPrivilegeError:
            refused.add(name)
        except asyncpg.PostgresError as wrong:
            pytest.fail(f"{package}/queries.sql: {name}: {wrong}")
    assert refused == OWNER_ALONE.get(package, frozenset())


def test_every_query_is_used_and_every_use_has_its_query() -> None:
    written = {(package, name) for package in PACKAGES for name in load(package)}
    used = used_queries()
    assert (written - used, used - written) == (set(), set())


def test_modules_of_the_code_stand_where_their_files_lie() -> None:
    """What the guard above imports is this repository's, not an installed copy."""
    assert all(
        Path(str(module.__file__)).is_relative_to(Path(__file__).parents[2])
        for name, module in sys.modules.items()
        if name in _USERS
    )
