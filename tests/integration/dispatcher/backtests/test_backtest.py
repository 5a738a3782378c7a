"""A backtest equals the live run under the same rules, says what differs under others, and writes nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from dispatcher.backtests.dry_run import dry_run
from dispatcher.backtests.history import BEGINNING, END, Found, read_span, run_history
from dispatcher.backtests.shadow import shadow_session
from dispatcher.backtests.trial import Ruled, backtest
from dispatcher.engine.steps import Stepper
from dispatcher.rules import activation
from dispatcher.rules.document import RuleDocument, RuleSource, parse
from dispatcher.rules.rulebook import read_rulebook
from dispatcher.rules.versions import add_version, read_document
from runtime.pool import Connection, Pool
from tests.harness.log import START
from tests.harness.postgres import Database

pytestmark = pytest.mark.usefixtures("live")


@pytest.fixture
def kernels() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as kernels:
        yield kernels


async def silent(taken: int, total: int = 0) -> None:
    assert taken <= (total or taken)


async def document(owner: Connection) -> RuleDocument:
    return await read_document(owner, "default", 1)


def changed(document: RuleDocument, *path: str, **values: object) -> RuleDocument:
    content: dict[str, Any] = document.content()
    part = content
    for step in path:
        part = part[step]
    part |= values
    made = parse(content)
    assert isinstance(made, RuleDocument)
    return made


async def run(database: Database, owner: Connection, kernels: ThreadPoolExecutor) -> Found:
    rulebook = await read_rulebook(owner)
    async with shadow_session(database.app_dsn) as conn:
        span = await read_span(conn, BEGINNING, END, timedelta())
        return await run_history(conn, rulebook, span, kernels, silent)


async def test_the_same_rules_give_exactly_the_incidents_and_tickets_of_the_live_run(
    database: Database, owner: Connection, kernels: ThreadPoolExecutor
) -> None:
    found = await run(database, owner, kernels)
    live = await owner.fetch(
        "SELECT i.id, canonical_uid, i.kind, i.kind_group, i.grade, status::text, late, event_count, first_at,"
        " bool_or(t.id IS NOT NULL) AS ticketed FROM incidents i LEFT JOIN tickets t ON t.case_id = i.case_id"
        " WHERE status <> 'merged' GROUP BY i.id"
    )
    assert len(live) > 100
    assert {row["status"] for row in live} == {"open", "final"}
    assert {row["late"] for row in live} == {True, False}
    assert {key: _shown(one) for key, one in found.incidents.items()} == {
        row["canonical_uid"].hex(): (
            row["kind"],
            row["kind_group"],
            row["grade"],
            row["status"],
            row["late"],
            row["event_count"],
            row["first_at"],
            row["ticketed"],
        )
        for row in live
    }
    stored = await owner.fetch(
        "SELECT event_uid, canonical_uid FROM incident_events e JOIN incidents i ON i.id = e.incident_id"
        " WHERE standing <> 'returned'"
    )
    assert found.members == {row["event_uid"]: row["canonical_uid"].hex() for row in stored}


def _shown(one: Any) -> tuple[object, ...]:
    ticketed = one.ticket is not None
    return one.kind, one.kind_group, one.grade, one.status, one.late, one.events, one.first_at, ticketed


async def test_unchanged_rules_differ_in_nothing_and_two_trials_are_equal(
    database: Database, owner: Connection, kernels: ThreadPoolExecutor
) -> None:
    same = Ruled(await document(owner), 1)
    other = Ruled(changed(same.document, "groups", "fire", r_m=400), None)
    reports = [
        await backtest(database.app_dsn, same, after, kernels, on_progress=silent) for after in (same, other, other)
    ]
    assert reports[0]["difference"]["is_empty"]
    assert reports[0]["difference"]["outcomes"]["same"] > 100
    assert reports[0]["difference"]["tickets"] == {"added": 0, "dropped": 0}
    assert reports[0]["events"] == await owner.fetchval("SELECT count(*) FROM events")
    assert reports[1] == reports[2]
    assert not reports[1]["difference"]["is_empty"]


async def test_a_wider_reach_merges_and_a_narrower_one_splits(
    database: Database, owner: Connection, kernels: ThreadPoolExecutor
) -> None:
    narrow = Ruled(await document(owner), 1)
    wide = Ruled(changed(narrow.document, "groups", "fire", r_m=400, t_s=1800), None)
    wider = await backtest(database.app_dsn, narrow, wide, kernels, on_progress=silent)
    assert wider["difference"]["outcomes"]["merged"] > 0
    assert wider["difference"]["outcomes"]["split"] == 0
    assert wider["difference"]["after"]["incidents"] < wider["difference"]["before"]["incidents"]
    example = next(one for one in wider["difference"]["examples"] if one["outcome"] == "merged")
    assert len(example["before"]) > len(example["after"]) == 1
    assert all(incident["number"].startswith("IN-") for incident in example["before"])
    back = await backtest(database.app_dsn, wide, narrow, kernels, on_progress=silent)
    for there, and_back in (("merged", "split"), ("split", "merged"), ("same", "same"), ("opened", "vanished")):
        assert back["difference"]["outcomes"][and_back] == wider["difference"]["outcomes"][there]


async def test_more_neighbours_make_noise_of_what_stood_alone_and_open_nothing(
    database: Database, owner: Connection, kernels: ThreadPoolExecutor
) -> None:
    one = Ruled(await document(owner), 1)
    content = one.document.content()
    for group in content["groups"].values():
        group["m"] = 3 if group["clustered"] else 1
    made = parse(content)
    assert isinstance(made, RuleDocument)
    three = Ruled(made, None)
    difference = (await backtest(database.app_dsn, one, three, kernels, on_progress=silent))["difference"]
    assert difference["outcomes"]["vanished"] > 0
    assert difference["outcomes"]["opened"] == 0
    back = (await backtest(database.app_dsn, three, one, kernels, on_progress=silent))["difference"]
    assert back["outcomes"]["opened"] == difference["outcomes"]["vanished"]
    assert (back["before"], back["after"]) == (difference["after"], difference["before"])


async def test_a_graver_kind_is_regraded_and_a_silent_one_opens_no_ticket(
    database: Database, owner: Connection, kernels: ThreadPoolExecutor
) -> None:
    before = Ruled(await document(owner), 1)
    graver = changed(before.document, "kinds", "street_vendor_occupation", likelihood=5, consequence=5)
    after = Ruled(changed(graver, "kinds", "outdoor_fire", mode="notice_only"), None)
    difference = (await backtest(database.app_dsn, before, after, kernels, on_progress=silent))["difference"]
    assert difference["outcomes"]["graver"] > 0
    assert difference["outcomes"]["milder"] == 0
    assert difference["tickets"]["dropped"] > difference["tickets"]["added"]
    row = next(row for row in difference["by_kind"] if row["kind"] == "outdoor_fire")
    assert (row["tickets_before"] > 0, row["tickets_after"]) == (True, 0)
    assert any(one["tickets"] < 0 for one in difference["ticket_examples"])


@pytest.mark.parametrize(("r_m", "outcome"), [(400, "merged"), (10, "split")])
async def test_a_dry_run_says_of_the_open_incidents_what_the_takeover_then_does(
    database: Database,
    owner: Connection,
    pool: Pool,
    kernels: ThreadPoolExecutor,
    live: Stepper,
    r_m: int,
    outcome: str,
) -> None:
    content = (await document(owner)).content()
    for group in content["groups"].values():
        group["r_m"] = r_m
    content["kinds"]["outdoor_fire"] |= {"consequence": 1, "likelihood": 1}  # others are graded, and numbered, anew
    rules = parse(content)
    assert isinstance(rules, RuleDocument)
    told = await dry_run(database.app_dsn, Ruled(rules, None), kernels, at=START)
    assert told["difference"]["outcomes"][outcome] > 0
    async with pool.acquire() as conn, conn.transaction():
        version = await add_version(conn, "default", rules, source=RuleSource.IMPORT, author="test", note="", at=START)
        await activation.request(conn, "default", version, by="test", reason="a drill", at=START)
    was_final = {row["id"] for row in await owner.fetch("SELECT id FROM incidents WHERE final_at IS NOT NULL")}
    while await live.step():
        pass
    rows = await owner.fetch("SELECT id, grade, case_id, event_count FROM incidents WHERE status IN ('open', 'final')")
    after = [row for row in rows if row["id"] not in was_final]
    assert {name: told["difference"]["after"][name] for name in ("incidents", "events", "cases")} == {
        "incidents": len(after),
        "events": sum(row["event_count"] for row in after),
        "cases": len({row["case_id"] for row in after}),
    }
    assert told["difference"]["after"]["by_grade"] == {
        str(grade): sum(row["grade"] == grade for row in after) for grade in range(1, 5)
    }


async def test_a_span_is_compared_only_where_something_begins_in_it_and_a_trial_writes_nothing(
    database: Database, owner: Connection, kernels: ThreadPoolExecutor
) -> None:
    before = await _digest(owner)
    rules = Ruled(await document(owner), 1)
    since, until = START + timedelta(hours=1), START + timedelta(hours=2)
    report = await backtest(database.app_dsn, rules, rules, kernels, from_at=since, to_at=until, on_progress=silent)
    assert report["difference"]["is_empty"]
    whole = await owner.fetchval("SELECT count(*) FROM incidents WHERE status <> 'merged'")
    assert 0 < report["difference"]["before"]["incidents"] < whole
    assert {limit["code"] for limit in report["cannot"]} == {"officers", "cut"}
    assert await _digest(owner) == before


async def _digest(owner: Connection) -> list[tuple[str, str]]:
    tables = await owner.fetch(
        "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname <> 'clock_confirmations' ORDER BY relname"
    )
    return [
        (name, await owner.fetchval(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM public.{name} t"))  # noqa: S608
        for name in (row["name"] for row in tables)
    ]
