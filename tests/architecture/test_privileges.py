"""What the processes may not do to the record, asked of the database itself."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

import asyncpg
import pytest

from runtime.pool import Connection, connect
from runtime.settings import APP_ROLE
from tests.harness.postgres import Database

# Tables that are only added to, and the columns of them that may change, with the reason.
APPEND_ONLY: Final[dict[str, frozenset[str]]] = {
    "events": frozenset(),
    "readings": frozenset(),
    "hotline_calls": frozenset(),
    "cases": frozenset(),
    "ticket_transitions": frozenset(),
    "ticket_entries": frozenset(),
    "clock_firings": frozenset(),
    "breach_records": frozenset({"judgement", "judged_at", "actual_at", "end_sealed"}),  # what became of it
    "accountability_seals": frozenset(),
    "accountability_head": frozenset(),
    "petition_records": frozenset(),
    "emergency_handover_entries": frozenset(),
    "upward_report_records": frozenset(),
    "ticket_links": frozenset(),
    "refusal_receipts": frozenset(),
    "admission_records": frozenset(),
    "assessment_hearings": frozenset(),
    "disclosure_occasions": frozenset({"taken_at"}),  # the stage took it
    "disclosure_periods": frozenset(),
    "rectification_statuses": frozenset(),
    "undisclosed_corrections": frozenset({"taken_at"}),  # the stage took it
    "disclosure_records": frozenset(),
    "evaluation_opinions": frozenset(),
    "evaluation_records": frozenset(),
    "emergency_orders": frozenset(),
    "attachment_uses": frozenset(),
    "export_records": frozenset(),
    "ticket_holdings": frozenset({"ended_at"}),
    "hazard_records": frozenset(),
    "hazard_assessments": frozenset(),
    "inspection_findings": frozenset(),
    "hazard_ticket_moves": frozenset({"followed_at"}),  # followed once, by the leader
    "rotations": frozenset(),
    "rotation_participants": frozenset(),
    "stand_ins": frozenset({"cancelled_at", "cancelled_by"}),  # it stood until then
    "roster_swaps": frozenset(
        {"giver_agreed_at", "giver_agreed_by", "taker_agreed_at", "taker_agreed_by", "ended_at", "ended_by"}
    ),
    "pages": frozenset({"state", "next_at", "acknowledged_at", "acknowledged_by", "to_hush"}),
    "page_levels": frozenset(),
    "page_recipients": frozenset(),
    "messages": frozenset({"state", "next_at", "reason", "reached_at", "answered_at", "answered_by"}),
    "message_holds": frozenset(),
    "message_attempts": frozenset(),
    "receipts": frozenset(),
    "call_supplements": frozenset(),
    "caller_looks": frozenset(),
    "report_ratings": frozenset(),
    "public_objections": frozenset(),
    "knowledge_versions": frozenset({"valid_until"}),  # a version ends; what it says stays
    "stream_log": frozenset(),  # `seq` is given by the trigger, which runs as the owner
    "rule_versions": frozenset(),
    "rule_activations": frozenset({"seq", "effective_at", "refused"}),  # the leader's answer, once
    "quarantine": frozenset({"state", "decided_by", "decided_at"}),  # a person's decision on a held message
}
# Records that live: which columns a process may change. What is not named here stands as it was first written.
LIVING: Final[dict[str, str]] = {
    "accountability_files": "organ_id state version",  # never the facts
    "attachments": "collect_at collected_at",
    "backtests": "cancelling failure result seen_at state taken total",
    "calendar_alarms": "ended_at",
    "call_receipts": "code_hash issued_at",
    "callbacks": "ended_at result satisfaction words",
    "committee_duties": "changed_at disclosure_id finding next_at state",
    "contact_points": "code code_misses enabled tests verified_at",  # never the address
    "contacts": "enabled test_at",
    "deployment": "simulated_at",
    "disclosures": "approved_at approver breached_at commercial_checked due_at editors explanation law_breached_at"
    " law_due_at law_explanation level never_reason privacy_checked public_body published_at reason redactions"
    " remind_at reminded_at secret_checked state text title version waivers withdrawal_proposed_at withdrawn_at",
    "emergency_handovers": "acked_at arrived_at closed_at controlled_at external_no external_status next_at state"
    " steps_taken version",
    "evaluation_clocks": "breached_at due_at explanation remind_at reminded_at stopped_at",
    "evaluations": "closed_at delivered_at escalated_at measures measures_done_at reopened replied_at reply state"
    " submitted_at summary verdict version",
    "exchange_orders": "told_ticket_id told_version",
    "exchange_partners": "enabled",  # never the secret
    "organ_assessments": "concluded_at conclusion state version",
    "petitions": "accept_due_at accept_limit extended handle_due_at legal_basis next_due_at refusal_code state version",
    "re_checks": "checked_at checker checker_organisation_id drawn one_in result words",
    "reachability_tests": "answered_at answered_by state",
    "roster_gaps": "from_at settled_at until_at",
    "rosters": "look_at",
    "ticket_followups": "taken_at",
    "upward_reports": "approved_by content drafted_by due_at grade limits next_due_at phone_due_at phoned_at receipt_no"
    " received_at receiver sent_at state version",
}
# Sessions end, processes leave, a device stops flapping, an upload that never served goes, a day is counted again;
# nothing else is ever deleted by a process.
DELETABLE: Final = {
    "attachments",
    "sessions",
    "clock_confirmations",
    "exchange_changes",
    "final_neighbours",
    "flapping_series",
    "indicator_cells",
    "page_asks",
}

_TABLES = """
SELECT c.oid, c.relname::text AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')"""
_CHANGEABLE = """
SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
AND has_column_privilege($2, a.attrelid, a.attnum, 'UPDATE')"""
_OWNED = """
SELECT count(*) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'
AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)"""
_DEFINERS = """
SELECT proname::text AS name, proconfig, has_function_privilege('public', oid, 'EXECUTE') AS is_open, prorettype AS type
FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"""


@pytest.fixture
async def app(database: Database) -> AsyncIterator[Connection]:
    """A connection of the role that the processes have."""
    conn = await connect(database.app_dsn, application_name="rongan-test-app")
    try:
        yield conn
    finally:
        await conn.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_record_may_only_be_added_to(app: Connection, table: str) -> None:
    (column,) = await app.fetch(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 2", table
    )
    for verb in ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(verb.format(table, column[0]))
    changeable = {row[0] for row in await app.fetch(_CHANGEABLE, table, APP_ROLE)}
    assert changeable == APPEND_ONLY[table]


async def test_record_that_lives_changes_in_its_named_columns_alone(app: Connection) -> None:
    """Asked of every table: one that is open in part stands above, one that is open whole is no record."""
    columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
    changeable = {
        table["name"]: {row[0] for row in await app.fetch(_CHANGEABLE, table["name"], APP_ROLE)}
        for table in await app.fetch(_TABLES)
        if table["name"] not in APPEND_ONLY
    }
    whole = {name for name, found in changeable.items() if len(found) == await app.fetchval(columns, name)}
    in_part = {name: found for name, found in changeable.items() if found and name not in whole}
    assert in_part == {name: set(named.split()) for name, named in LIVING.items()}


async def test_partitions_of_the_record_are_as_closed_as_it_is(app: Connection) -> None:
    assert await app.fetchval("SELECT ensure_partitions($1, $1)", date(2026, 11, 22)) == 3
    for partition in ("events_20261122", "readings_20261122", "delivery_keys_20261122"):
        for verb in ("SELECT FROM", "DELETE FROM", "DROP TABLE"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(f"{verb} {partition}")


async def test_stream_row_gets_its_position_from_the_trigger_alone(app: Connection) -> None:
    insert = "INSERT INTO stream_log (at, topic, area_path, organisation_ids, body) VALUES ($1, 'x', '{}', '{}', '{}')"
    at = await app.fetchval("SELECT clock_timestamp()")
    async with app.transaction():
        await app.execute(insert, at)
        assert await app.fetchval("SELECT max(seq) FROM stream_log") is None
    assert await app.fetchval("SELECT max(seq) FROM stream_log") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("UPDATE stream_log SET seq = 7")


async def test_processes_delete_what_is_theirs_and_nothing_else(app: Connection) -> None:
    tables = await app.fetch(_TABLES)
    asked = "SELECT has_table_privilege($1, $2::oid, $3)"
    can = {
        verb: {t["name"] for t in tables if await app.fetchval(asked, APP_ROLE, t["oid"], verb)}
        for verb in ("DELETE", "TRUNCATE", "TRIGGER")
    }
    assert can == {"DELETE": DELETABLE, "TRUNCATE": set(), "TRIGGER": set()}


async def test_role_of_the_processes_owns_nothing_and_is_nobody_special(owner: Connection) -> None:
    assert await owner.fetchval(_OWNED, APP_ROLE) == 0
    role = await owner.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1",
        APP_ROLE,
    )
    assert role is not None
    assert not any(role)
    member = "SELECT count(*) FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = $1)"
    assert await owner.fetchval(member, APP_ROLE) == 0
    assert not await owner.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", APP_ROLE)


async def test_functions_that_run_as_the_owner_fix_their_search_path(owner: Connection) -> None:
    """Without it whoever calls them decides what their names mean."""
    found = await owner.fetch(_DEFINERS)
    assert found
    loose = [
        row["name"]
        for row in found
        if not any(c.startswith("search_path=public, pg_temp") for c in row["proconfig"] or ())
    ]
    assert loose == []
    trigger = await owner.fetchval("SELECT 'trigger'::regtype::oid")
    assert [row["name"] for row in found if row["is_open"] and row["type"] != trigger] == []
