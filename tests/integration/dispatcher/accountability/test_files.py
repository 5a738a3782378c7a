"""A file is frozen and chained, moved by supervisors alone, seen by who must know; what is altered is found."""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import pytest

from dispatcher.accountability import checking, export, files
from dispatcher.accountability.checking import Fault
from dispatcher.accountability.errors import TooLate
from dispatcher.accounts.model import User
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Act
from dispatcher.tickets.breaches import BreachType
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.accountability.bench import (
    AUDITOR,
    DAY,
    ELSEWHERE,
    FIRE_HAND,
    FIRE_HEAD,
    LATE,
    POLICE_HEAD,
    SUPERVISOR,
    carry_out,
    late_complaint,
    step,
)
from tests.integration.dispatcher.tickets.town import SIGN, act

RESULT: Final[dict[str, Any]] = {
    "organ": "supervision",
    "document_no": "锦纪〔2026〕1号",
    "decided_on": "2026-06-01",
    "outcome": "circulated",
}


HEARD: Final = LATE + 10 * DAY
"""The unit's time to say its side is over."""


async def faults(conn: Connection, anchor: tuple[int, str] | None = None) -> list[Fault]:
    return [found.fault async for found in checking.audit(conn, anchor=anchor) if found is not None]


async def sees(pool: Pool, who: User) -> bool:
    async with pool.acquire() as conn:
        return bool(await files.page(conn, files.Sight.of(who)))


async def contents(conn: Connection) -> Sequence[dict[str, object]]:
    return [json.loads(row[0]) for row in await conn.fetch("SELECT content FROM accountability_seals ORDER BY seq")]


async def test_fact_says_what_is_known_and_names_nobody(pool: Pool, owner: Connection) -> None:
    await late_complaint(pool)
    (opened,) = await contents(owner)
    fact = opened["fact"]
    assert isinstance(fact, dict)
    assert (fact["type"], fact["unit"]["id"], fact["clock"]) == ("overdue_handle", "t-fire", "c_resolve")
    assert (fact["limit"]["value"], fact["limit"]["unit"], fact["limit"]["condition"]) == (15, "wd", "complaint")
    assert "Sichuan" in fact["ground_source"]
    assert fact["actual_at"] is None
    assert fact["log"]["version"] == fact["ticket"]["version"]
    assert "-1" not in json.dumps(fact["ticket"])  # the town's people are called role-number
    assert opened["actor"] == {"id": "rule:accountability", "name": "rule:accountability", "organisation": None}


async def test_file_goes_its_way_and_only_a_supervisor_moves_it(pool: Pool, owner: Connection) -> None:
    file_id, _ = await late_complaint(pool)
    for who in (FIRE_HEAD, AUDITOR):
        with pytest.raises(ActRefused):
            await carry_out(pool, file_id, "take_up", who)
    await carry_out(pool, file_id, "take_up", SUPERVISOR)
    with pytest.raises(ActRefused):
        await carry_out(pool, file_id, "excuse", SUPERVISOR)  # without a reason
    with pytest.raises(EntryRefused):
        await carry_out(pool, file_id, "forward", SUPERVISOR, at=HEARD, reason="多次", organ="jh-justice")
    await carry_out(pool, file_id, "forward", SUPERVISOR, at=HEARD, reason="多次", organ="supervision")
    with pytest.raises(EntryRefused):  # Another organ did not get it.
        await carry_out(pool, file_id, "record_result", SUPERVISOR, **(RESULT | {"organ": "government"}))
    with pytest.raises(EntryRefused):
        await carry_out(pool, file_id, "record_result", SUPERVISOR, **(RESULT | {"outcome": "guilty"}))
    await carry_out(pool, file_id, "record_result", SUPERVISOR, **RESULT)
    with pytest.raises(ActRefused):
        await carry_out(pool, file_id, "take_up", SUPERVISOR)
    row = await owner.fetchrow("SELECT state::text, version, organ_id FROM accountability_files")
    assert row is not None
    assert tuple(row) == ("result_recorded", 4, "supervision")
    assert [each["event"] for each in await contents(owner)] == ["open", "take_up", "forward", "record_result"]
    assert await faults(owner) == []


async def test_unit_says_its_side_within_three_working_days_and_moves_nothing(pool: Pool, owner: Connection) -> None:
    file_id, _ = await late_complaint(pool)
    due_at = await owner.fetchval("SELECT statement_due_at FROM accountability_files")
    with pytest.raises(ActRefused):
        await carry_out(pool, file_id, "state_side", SUPERVISOR, statement="x")
    with pytest.raises(SubjectNotFound):
        await carry_out(pool, file_id, "state_side", POLICE_HEAD, statement="x")
    await carry_out(pool, file_id, "state_side", FIRE_HEAD, at=due_at, statement="当日暴雨停电")
    with pytest.raises(TooLate):
        await carry_out(pool, file_id, "state_side", FIRE_HEAD, at=due_at + DAY, statement="还有")
    assert await owner.fetchval("SELECT state::text FROM accountability_files") == "fact"
    assert (due_at - LATE).days in range(2, 8)


async def test_file_is_forwarded_when_the_unit_was_heard_or_its_time_is_over(pool: Pool, owner: Connection) -> None:
    file_id, _ = await late_complaint(pool)
    due_at = await owner.fetchval("SELECT statement_due_at FROM accountability_files")
    await carry_out(pool, file_id, "take_up", SUPERVISOR)
    forward = {"reason": "多次", "organ": "supervision"}
    with pytest.raises(EntryRefused):
        await carry_out(pool, file_id, "forward", SUPERVISOR, at=due_at, **forward)
    await carry_out(pool, file_id, "state_side", FIRE_HEAD, statement="当日暴雨停电")
    await carry_out(pool, file_id, "forward", SUPERVISOR, at=due_at, **forward)
    assert await owner.fetchval("SELECT state::text FROM accountability_files") == "forwarded"


async def test_supervisor_names_no_ticket_outside_the_area(pool: Pool, owner: Connection) -> None:
    _, ticket_id = await late_complaint(pool)
    await owner.execute("UPDATE tickets SET area_path = ARRAY['tt', 'tt-west'] WHERE id = $1", ticket_id)
    with pytest.raises(EntryRefused) as told:
        async with transaction(pool, scope=SYSTEM) as conn:
            await files.record_and_open(
                conn,
                type_=BreachType.FALSE_CLOSURE,
                unit_id="t-fire",
                ticket_id=ticket_id,
                facts_said="现场仍有杂物",
                user=SUPERVISOR,
                at=LATE,
            )
    assert told.value.field == "ticket_id"


async def test_second_of_two_who_act_on_one_version_is_told(pool: Pool) -> None:
    file_id, _ = await late_complaint(pool)
    await carry_out(pool, file_id, "take_up", SUPERVISOR)
    with pytest.raises(Outpaced):
        async with transaction(pool, scope=SYSTEM) as conn:
            await files.act(conn, file_id, Act("take_up", 1, None, {}), SUPERVISOR, LATE)


async def test_only_who_must_know_sees_a_file(pool: Pool) -> None:
    await late_complaint(pool)
    knows = [await sees(pool, who) for who in (SUPERVISOR, AUDITOR, FIRE_HEAD)]
    strangers = [await sees(pool, who) for who in (ELSEWHERE, FIRE_HAND, POLICE_HEAD)]
    assert knows == [True] * 3
    assert strangers == [False] * 3


async def test_what_was_done_after_all_is_sealed_behind(pool: Pool, owner: Connection) -> None:
    _, ticket_id = await late_complaint(pool)
    await owner.execute(
        "UPDATE ticket_clocks SET stopped_at = $2, stop_reason = 'resolve', next_action = NULL, next_at = NULL"
        " WHERE ticket_id = $1 AND clock = 'c_resolve'",
        ticket_id,
        LATE + DAY,
    )
    assert await step(pool, LATE + DAY) == 1
    opened, ended = await contents(owner)
    assert (ended["event"], ended["version"], ended["to_state"]) == ("end", 2, None)
    assert isinstance(ended["over_pct"], int)
    assert ended["over_pct"] > 0
    assert ended["actual_at"] is not None
    assert opened["version"] == 1
    assert await faults(owner) == []


async def test_processes_cannot_alter_a_seal_nor_forge_the_chain(pool: Pool, owner: Connection) -> None:
    file_id, _ = await late_complaint(pool)
    for sql in (
        "UPDATE accountability_seals SET content = '{}'",
        "DELETE FROM accountability_seals",
        "UPDATE accountability_head SET seq = 0",
        "UPDATE accountability_files SET unit_organisation_id = 't-police'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(sql)
    await pool.execute(
        "INSERT INTO accountability_seals (seq, file_id, version, content, previous_hash, hash)"
        " VALUES (99, $1, 7, '{}', 'x', 'y')",
        file_id,
    )
    row = await owner.fetchrow("SELECT seq, previous_hash FROM accountability_seals WHERE version = 7")
    assert row is not None
    assert row["seq"] == 2  # The database says where it stands.


TAMPERINGS: Final[dict[str, tuple[Fault, *tuple[str, ...]]]] = {
    "content alone, with the rule of the table gone": (
        Fault.HASH,
        "ALTER TABLE accountability_seals DROP CONSTRAINT accountability_seals_hold",
        "UPDATE accountability_seals SET content = replace(content, 't-fire', 't-urban') WHERE seq = 1",
    ),
    "content and its hash": (
        Fault.CHAIN,
        "UPDATE accountability_seals SET content = replace(content, 'Sichuan', 'Hunan'),"
        " hash = encode(sha256(convert_to(previous_hash || chr(10) || replace(content, 'Sichuan', 'Hunan'), 'UTF8')),"
        " 'hex')"
        " WHERE seq = 1",
    ),
    "the last seal cut off, and the file set back": (
        Fault.HEAD,
        "DELETE FROM accountability_seals WHERE seq = (SELECT max(seq) FROM accountability_seals)",
        "UPDATE accountability_files SET state = 'fact', version = 1 WHERE state = 'for_review'",
    ),
    "a seal from the middle": (
        Fault.HOLE,
        "DELETE FROM accountability_seals WHERE seq = 2",
    ),
    "the file's unit": (
        Fault.FILE,
        "UPDATE accountability_files SET unit_organisation_id = 't-urban'",
    ),
    "the file's state": (
        Fault.FILE,
        "UPDATE accountability_files SET state = 'excused' WHERE state = 'for_review'",
    ),
    "until when the unit may say its side": (
        Fault.FILE,
        "UPDATE accountability_files SET statement_due_at = statement_due_at + interval '1 day'",
    ),
    "who may see the file": (
        Fault.FILE,
        "UPDATE accountability_files SET area_path = ARRAY['tt', 'tt-west']",
    ),
    "the breach's unit": (
        Fault.FILE,
        "UPDATE breach_records SET unit_organisation_id = 't-urban'",
    ),
    "the breach's limit": (
        Fault.FILE,
        "UPDATE breach_records SET explanation = jsonb_set(explanation, '{limit,value}', '90')",
    ),
    "when it was done after all": (
        Fault.FILE,
        "ALTER TABLE breach_records DISABLE TRIGGER breach_records_judged_once",
        "UPDATE breach_records SET actual_at = due_at, end_sealed = true",
    ),
    "the breach's due time": (
        Fault.FILE,
        "UPDATE breach_records SET due_at = due_at + interval '1 day'",
    ),
    "the ticket's record": (
        Fault.LOG,
        "UPDATE ticket_transitions SET at = at + interval '1 day'",
    ),
    "a file and all its seals": (
        Fault.MISSING,
        "DELETE FROM accountability_seals WHERE file_id = (SELECT max(id) FROM accountability_files)",
        "DELETE FROM accountability_files WHERE id = (SELECT max(id) FROM accountability_files)",
    ),
}


async def test_whatever_a_superuser_alters_is_found(pool: Pool, owner: Connection) -> None:
    first, _ = await late_complaint(pool)
    await late_complaint(pool)
    await carry_out(pool, first, "take_up", SUPERVISOR)
    assert await faults(owner) == []
    for tampering, (fault, *statements) in TAMPERINGS.items():
        altered = owner.transaction()
        await altered.start()
        for sql in statements:
            await owner.execute(sql)
        assert fault in await faults(owner), tampering
        await altered.rollback()


async def test_chain_that_was_written_anew_is_found_by_a_hash_noted_elsewhere(pool: Pool, owner: Connection) -> None:
    await late_complaint(pool)
    seq, noted = tuple(await owner.fetchrow("SELECT seq, hash FROM accountability_head") or ())
    assert await faults(owner, (seq, noted)) == []
    await owner.execute("DELETE FROM accountability_seals")
    await owner.execute("UPDATE breach_records SET judgement = 'file_opened'")
    await owner.execute("UPDATE accountability_head SET seq = 0, hash = repeat('0', 64)")
    await owner.execute("DELETE FROM accountability_files")
    assert Fault.ANCHOR in await faults(owner, (seq, noted))


async def test_bundle_holds_the_seals_a_page_and_the_hashes_of_both(pool: Pool, owner: Connection) -> None:
    file_id, ticket_id = await late_complaint(pool)
    await carry_out(pool, file_id, "state_side", FIRE_HEAD, statement="<b>停电</b>")
    seals = [dict(row) for row in await owner.fetch(files.QUERIES.list_seals, file_id)]
    packed = export.bundle("AF-1", seals, LATE)
    assert packed == export.bundle("AF-1", seals, LATE)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    assert manifest["sha256"] == {name: hashlib.sha256(parts[name]).hexdigest() for name in ("file.json", "file.html")}
    page = parts["file.html"].decode()
    assert "&lt;b&gt;停电" in page
    assert "只记录事实" in page
    for seal in json.loads(parts["file.json"])["seals"]:
        assert hashlib.sha256(f"{seal['previous_hash']}\n{seal['content']}".encode()).hexdigest() == seal["hash"]
    assert manifest["last_seal"]["hash"] == seals[-1]["hash"]
    await act(pool, ticket_id, SIGN)  # Work goes on all the same.
