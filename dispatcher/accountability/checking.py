"""Recomputes every seal from its content alone and compares files with what was sealed: finds what was altered."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from dispatcher.accountability import facts
from dispatcher.accountability.files import QUERIES
from runtime.pool import Connection

_BATCH: Final = 500
_COPIED: Final = (
    "number",
    "area_path",
    "statement_due_at",
    "clock",
    "grade",
    "explanation",
    "due_at",
    "happened_at",
    "started_at",
)
"""What the first seal says in the words of the row."""


class Fault(StrEnum):
    """What is not as it was sealed."""

    HASH = "hash"  # The content does not give the hash.
    CHAIN = "chain"  # It does not follow the seal before it.
    HOLE = "hole"  # A seal is missing.
    FORM = "form"  # The content is not canonical, or says another file or version.
    HEAD = "head"  # The end of the chain is not where it was written to be.
    ANCHOR = "anchor"  # A hash that was noted elsewhere is not in the chain.
    FILE = "file"  # The file's row says something else than its seals.
    LOG = "log"  # The ticket's record is not the one that was sealed.
    MISSING = "missing"  # A breach that was judged to have a file has none.


@dataclass(frozen=True, slots=True)
class Found:
    """One difference: where it is and what it is."""

    fault: Fault
    where: str
    detail: str


@dataclass(slots=True)
class _Sealed:
    """What the seals of one file add up to."""

    versions: list[int] = field(default_factory=list)
    state: str | None = None
    organ: str | None = None
    fact: Mapping[str, Any] | None = None
    opened_at: str | None = None
    actual_at: str | None = None


async def audit(conn: Connection, *, anchor: tuple[int, str] | None = None) -> AsyncIterator[Found | None]:
    """Every difference; None for every seal that was looked at. Read it in one transaction of repeatable read.

    `anchor` is a position and a hash that somebody noted outside the database, such as in an export.
    """
    sealed: dict[int, _Sealed] = {}
    seq, previous = 0, facts.FIRST_HASH
    anchored = anchor is None
    while rows := await conn.fetch(QUERIES.list_all_seals, seq, _BATCH):
        for record in rows:
            row = dict(record)
            for found in _differences(row, seq, previous):
                yield found
            _add(sealed.setdefault(row["file_id"], _Sealed()), row["content"])
            seq, previous = row["seq"], row["hash"]
            anchored = anchored or anchor == (seq, previous)
            yield None
    head = await conn.fetchrow(QUERIES.read_head)
    if head is None or (head["seq"], head["hash"]) != (seq, previous):
        yield Found(Fault.HEAD, f"seal {seq}", "the chain was cut, or something was put behind its end")
    if not anchored and anchor is not None:
        yield Found(Fault.ANCHOR, f"seal {anchor[0]}", "has another hash than the one that was noted")
    async for found in _compare_files(conn, sealed):
        yield found


def _differences(row: Mapping[str, Any], seq: int, previous: str) -> list[Found]:
    where = f"seal {row['seq']}"
    found = []
    if row["seq"] != seq + 1:
        found.append(Found(Fault.HOLE, where, f"follows seal {seq}"))
    if row["previous_hash"] != previous:
        found.append(Found(Fault.CHAIN, where, "does not name the seal before it"))
    if facts.sealed(row["previous_hash"], row["content"]) != row["hash"]:
        found.append(Found(Fault.HASH, where, "its content gives another hash"))
    said = _parsed(row["content"])
    if facts.canonical(said) != row["content"] or (said.get("file_id"), said.get("version")) != (
        row["file_id"],
        row["version"],
    ):
        found.append(Found(Fault.FORM, where, "its content is not in the form that is sealed, or of another file"))
    return found


def _add(sealed: _Sealed, content: str) -> None:
    said = _parsed(content)
    sealed.versions.append(said.get("version", 0))
    sealed.state = said.get("to_state") or sealed.state
    if said.get("event") == "forward":
        sealed.organ = said.get("organ")
    if said.get("event") == "open":
        sealed.fact, sealed.opened_at = said.get("fact", {}), said.get("at")
        sealed.actual_at = said.get("fact", {}).get("actual_at")
    if said.get("event") == "end":
        sealed.actual_at = said.get("actual_at")


async def _compare_files(conn: Connection, sealed: dict[int, _Sealed]) -> AsyncIterator[Found]:
    for record in await conn.fetch(QUERIES.list_file_rows):
        row = dict(record)
        kept = sealed.pop(row["id"], _Sealed())
        if sorted(kept.versions) != list(range(1, row["version"] + 1)):
            yield Found(Fault.FILE, row["number"], f"is at version {row['version']} with {len(kept.versions)} seals")
        for name, said, stands in _facts_of(kept, row):
            if said != stands:
                yield Found(Fault.FILE, row["number"], f"{name}: sealed {said}, stands {stands}")
        log = (kept.fact or {}).get("log")
        if log is not None and log["sha256"] != await _log_now(conn, row["ticket_id"], log["version"]):
            yield Found(Fault.LOG, row["number"], f"the record of ticket {row['ticket_id']} is another one")
    for file_id in sealed:
        yield Found(Fault.FILE, f"file {file_id}", "has seals and no row")
    for unfiled in await conn.fetch(QUERIES.list_unfiled):
        yield Found(Fault.MISSING, unfiled["source_key"], "was judged to have a file and has none")


def _facts_of(kept: _Sealed, row: Mapping[str, Any]) -> list[tuple[str, object, object]]:
    fact = kept.fact or {}
    stored = json.loads(facts.canonical(row))
    ticket = fact.get("ticket")
    unit, ticket_id = (fact.get("unit") or {}).get("id"), ticket["id"] if ticket else None
    compared = [
        ("ground", fact.get("ground"), row["ground"]),
        ("type", fact.get("type"), row["type"]),
        ("type of the breach", fact.get("type"), row["breach_type"]),
        ("unit", unit, row["unit_organisation_id"]),
        ("unit of the breach", unit, row["breach_unit"]),
        ("ticket", ticket_id, row["ticket_id"]),
        ("ticket of the breach", ticket_id, row["breach_ticket"]),
        ("breach", fact.get("breach"), row["source_key"]),
        ("opened_at", kept.opened_at, stored["opened_at"]),
        ("state", kept.state, row["state"]),
        ("organ", kept.organ, row["organ_id"]),
        *((name, fact.get(name), stored[name]) for name in _COPIED),
    ]
    if row["end_sealed"]:
        compared.append(("actual_at", kept.actual_at, stored["actual_at"]))
    return compared


async def _log_now(conn: Connection, ticket_id: int, version: int) -> str:
    return facts.log_hash([dict(line) for line in await conn.fetch(QUERIES.read_log, ticket_id, version)])


def _parsed(content: str) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
