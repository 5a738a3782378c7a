"""Opens accountability files, seals what is known, and lets those who may move them; every step is one more seal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from dispatcher.accountability import facts
from dispatcher.accountability.errors import FileStands, TooLate
from dispatcher.accountability.procedures import HEADS, Parties, Subject, allowed_events, decide
from dispatcher.accountability.words import BreachJudgement, FileState, Ground, Outcome
from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Act, Refused
from dispatcher.tickets import clocks
from dispatcher.tickets.breaches import Breach, BreachType, open_breach
from registry.calendar import WorkCalendar, read_calendar
from registry.limits import Limit, read_limits
from registry.numbering import take_number
from registry.organisations import OrganisationKind
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

FILE: Final = "AF"
_STATEMENT: Final = "a_statement"
_LAST: Final = 2**63 - 1
_RULE: Final = {"id": "rule:accountability", "name": "rule:accountability", "organisation": None}


class Sight(NamedTuple):
    """What a viewer may know: the area that it looks after (None: everywhere), and the unit whose head it is."""

    area_id: str | None
    supervising: bool
    unit_id: str | None
    masked: bool  # Auditors read without names.

    @classmethod
    def of(cls, user: User) -> "Sight":
        return cls(
            user.scope,
            bool(user.roles & {UserRole.SUPERVISOR, UserRole.AUDITOR}),
            user.organisation_id if user.roles & HEADS else None,
            UserRole.SUPERVISOR not in user.roles and UserRole.AUDITOR in user.roles,
        )


class Terms(NamedTuple):
    """What an opening needs of the data: the working days and how long a unit may say its side."""

    calendar: WorkCalendar
    statement: Limit

    def statement_due_at(self, at: datetime) -> datetime:
        return clocks.due(self.statement, at, self.calendar, natural=False).at


async def read_terms(conn: Connection, at: datetime) -> Terms:
    """Raises LookupError where no limit of statements is loaded."""
    limit = (await read_limits(conn, ())).find(_STATEMENT, kind="", grade=0, demand="unit")
    if limit is None:
        raise LookupError(f"no limit {_STATEMENT} is loaded")
    return Terms(await read_calendar(conn, at), limit)


async def read_breach(conn: Connection, breach_id: int) -> dict[str, Any]:
    """A breach with what the data say of its limit. Raises SubjectNotFound."""
    row = await conn.fetchrow(QUERIES.read_breach, breach_id)
    if row is None:
        raise SubjectNotFound(Subject.BREACH, breach_id)
    return dict(row)


async def read_organ(conn: Connection, field: str, organisation_id: str) -> dict[str, Any]:
    """An organisation that may answer for something: it exists and is no residents' committee. Raises EntryRefused."""
    unit = await _read_unit(conn, organisation_id)
    if unit is None:
        raise EntryRefused(field, "no such organisation")
    if unit["kind"] == OrganisationKind.COMMITTEE:
        raise EntryRefused(field, "a residents' committee: Art. 49 is its own path")
    return unit


async def open_file(
    conn: Connection,
    breach_id: int,
    ground: Ground,
    at: datetime,
    *,
    terms: Terms | None = None,
    by: User | None = None,
    reason: str | None = None,
) -> int | None:
    """Open the file of a breach that the caller holds, with its first seal; None where it has one.

    Raises asyncpg.CheckViolationError for a residents' committee.
    """
    breach = await read_breach(conn, breach_id)
    terms = terms or await read_terms(conn, at)
    number = await take_number(conn, FILE, at)
    statement_due_at = terms.statement_due_at(at)
    file_id: int | None = await conn.fetchval(
        QUERIES.insert_file,
        number,
        breach_id,
        breach["type"],
        ground,
        breach["unit_organisation_id"],
        breach["area_path"],
        breach["ticket_id"],
        at,
        statement_due_at,
    )
    if file_id is None:
        return None
    ticket = await conn.fetchrow(QUERIES.read_ticket, breach["ticket_id"]) if breach["ticket_id"] is not None else None
    unit = await _read_unit(conn, breach["unit_organisation_id"]) or {"id": None, "zh_name": None}
    log = None
    if ticket is not None:
        lines = [dict(line) for line in await conn.fetch(QUERIES.read_log, ticket["id"], ticket["version"])]
        log = {"version": ticket["version"], "sha256": facts.log_hash(lines)}
    known = facts.fact(
        number=number,
        ground=ground,
        breach=breach,
        statement_due_at=statement_due_at,
        unit={"id": unit["id"], "zh_name": unit["zh_name"]},
        ticket=dict(ticket) if ticket is not None else None,
        notices=await _notices(conn, breach),
        log=log,
        calendar=terms.calendar,
    )
    await _seal(conn, file_id, 1, "open", None, FileState.FACT, at, by, reason, {"fact": known})
    return file_id


async def seal_end(conn: Connection, file_id: int, breach_id: int, at: datetime, terms: Terms) -> None:
    """Seal when it was done after all, and who had been told until then. The caller holds both rows."""
    breach = await read_breach(conn, breach_id)
    counted = terms.calendar if breach["explanation"].get("counted") == "working_time" else None
    version = await conn.fetchval(QUERIES.next_version, file_id)
    told = {
        "actual_at": breach["actual_at"],
        "over_pct": facts.over_pct(breach["started_at"], breach["due_at"], breach["actual_at"], counted),
        "notices": await _notices(conn, breach),
    }
    await _seal(conn, file_id, version, "end", None, None, at, None, None, told)
    await conn.execute(QUERIES.seal_end, breach_id)


async def open_by_decision(conn: Connection, breach_id: int, reason: str, user: User, at: datetime) -> int:
    """A supervisor opens the file of a breach that opened none by itself.

    Raises SubjectNotFound, FileStands, EntryRefused.
    """
    sight = Sight.of(user)
    if await conn.fetchval(QUERIES.hold_breach, breach_id) is None:
        raise SubjectNotFound(Subject.BREACH, breach_id)
    breach = await read_breach(conn, breach_id)
    if UserRole.SUPERVISOR not in user.roles or sight.area_id not in (None, *breach["area_path"]):
        raise SubjectNotFound(Subject.BREACH, breach_id)
    if (standing := await conn.fetchval(QUERIES.file_of_breach, breach_id)) is not None:
        raise FileStands(standing)
    if breach["unit_organisation_id"] is None:
        raise EntryRefused("breach_id", "nobody answers for the place")
    if breach["unit_organisation_id"] == user.organisation_id:
        raise EntryRefused("breach_id", "is your own unit's")
    await conn.execute(QUERIES.judge_breach, breach_id, BreachJudgement.FILE_OPENED, at)
    file_id = await open_file(conn, breach_id, Ground.SUPERVISOR_DECISION, at, by=user, reason=reason)
    if file_id is None:
        raise AssertionError(f"breach {breach_id} got a file while it was held")
    return file_id


async def record_and_open(
    conn: Connection,
    *,
    type_: BreachType,
    unit_id: str,
    ticket_id: int | None,
    facts_said: str,
    user: User,
    at: datetime,
) -> int:
    """A supervisor records what no clock and no trigger sees, such as a false closing, and opens its file.

    Raises EntryRefused.
    """
    unit = await read_organ(conn, "unit", unit_id)
    if Sight.of(user).area_id not in (None, *unit["path"]):
        raise EntryRefused("unit", "no such organisation in your area")
    if ticket_id is not None and not await conn.fetchval(QUERIES.sees_ticket, ticket_id, Sight.of(user).area_id):
        raise EntryRefused("ticket_id", "no such ticket")
    key = facts.canonical({"by": user.actor, "at": at, "unit": unit_id, "type": type_, "facts": facts_said})
    breach_id = await open_breach(
        conn,
        Breach(
            source_key=f"decision:{facts.sealed(facts.FIRST_HASH, key)}",
            type=type_,
            clock=type_.value,
            unit_id=unit_id,
            area_path=tuple(unit["path"]),
            happened_at=at,
            explanation={"facts": facts_said},
            ticket_id=ticket_id,
        ),
    )
    if breach_id is None:
        raise EntryRefused("facts", "was recorded before")
    return await open_by_decision(conn, breach_id, facts_said, user, at)


async def act(conn: Connection, file_id: int, asked: Act, user: User, at: datetime) -> None:
    """One action on a file. Raises SubjectNotFound, Outpaced, ActRefused, EntryRefused, TooLate."""
    claimed = await conn.fetchval(QUERIES.claim_file, file_id, asked.version)
    row = await read(conn, file_id, Sight.of(user))
    if claimed is None:
        raise Outpaced(Subject.FILE, row["version"], row["state"])
    hop = decide(Subject.FILE, row["state"], asked, user, parties_of(row))
    if isinstance(hop, Refused):
        raise ActRefused(Subject.FILE, row["state"], asked.event, hop)
    if hop.event == "state_side" and at > row["statement_due_at"]:
        raise TooLate("statement_time_over", row["statement_due_at"].isoformat())
    if (
        hop.event == "forward"
        and at <= row["statement_due_at"]
        and not await conn.fetchval(QUERIES.was_stated, file_id)
    ):
        raise EntryRefused("event", f"waits: the unit may say its side until {row['statement_due_at'].isoformat()}")
    organ = await _organ(conn, hop.event, asked, row)
    if hop.event == "record_result" and asked.fields["outcome"] not in set(Outcome):
        raise EntryRefused("outcome", f"one of {', '.join(Outcome)}")
    state = FileState(hop.to_state or row["state"])
    await conn.execute(QUERIES.move_file, file_id, state, organ)
    said = {name: asked.fields[name] for name in hop.fields if name != "reason"}
    await _seal(conn, file_id, claimed, hop.event, FileState(row["state"]), state, at, user, asked.reason, said)


async def page(
    conn: Connection,
    sight: Sight,
    *,
    state: str | None = None,
    type_: str | None = None,
    unit_id: str | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Files that the viewer may know of, newest first."""
    return await _rows(conn, sight, state, type_, unit_id, before_id or _LAST, None, limit)


async def read(conn: Connection, file_id: int, sight: Sight) -> dict[str, Any]:
    """One file. Raises SubjectNotFound, also for what the viewer may not know of."""
    rows = await _rows(conn, sight, None, None, None, _LAST, file_id, 1)
    if not rows:
        raise SubjectNotFound(Subject.FILE, file_id)
    return rows[0]


def parties_of(row: Mapping[str, Any]) -> Parties:
    return Parties(tuple(row["area_path"]), row["unit_organisation_id"])


def events_for(row: Mapping[str, Any], user: User) -> list[str]:
    """What the user could do with the file now."""
    return allowed_events(Subject.FILE, row["state"], user, parties_of(row))


async def _rows(conn: Connection, sight: Sight, *asked: object) -> list[dict[str, Any]]:
    state, type_, unit_id, before_id, only_id, limit = asked
    rows = await conn.fetch(
        QUERIES.list_files,
        sight.area_id,
        sight.supervising,
        sight.unit_id,
        state,
        type_,
        unit_id,
        before_id,
        only_id,
        limit,
    )
    return [dict(row) for row in rows]


async def _organ(conn: Connection, event: str, asked: Act, row: Mapping[str, Any]) -> str | None:
    if event == "forward":
        organ: str = asked.fields["organ"]
        if not await conn.fetchval(QUERIES.organ_exists, organ):
            raise EntryRefused("organ", "no competent organ")
        return organ
    if event == "record_result" and asked.fields["organ"] != row["organ_id"]:
        raise EntryRefused("organ", "only the organ that it was forwarded to decides")
    return None


async def _read_unit(conn: Connection, organisation_id: str) -> dict[str, Any] | None:
    row = await conn.fetchrow(QUERIES.read_unit, organisation_id)
    return dict(row) if row is not None else None


async def _notices(conn: Connection, breach: Mapping[str, Any]) -> list[dict[str, Any]]:
    if breach["run"] is None or breach["ticket_id"] is None:
        return []
    rows = await conn.fetch(
        QUERIES.list_notices, breach["ticket_id"], breach["clock"], breach["organisation_id"], breach["run"]
    )
    return [dict(row) for row in rows]


async def _seal(
    conn: Connection,
    file_id: int,
    version: int,
    event: str,
    from_state: FileState | None,
    to_state: FileState | None,
    at: datetime,
    by: User | None,
    reason: str | None,
    said: Mapping[str, Any],
) -> None:
    actor = {"id": by.actor, "name": by.zh_name, "organisation": by.organisation_id} if by is not None else _RULE
    content = {
        "file_id": file_id,
        "version": version,
        "event": event,
        "from_state": from_state,
        "to_state": to_state,
        "at": at,
        "actor": actor,
        "reason": reason,
        **said,
    }
    await conn.execute(QUERIES.insert_seal, file_id, version, facts.canonical(content))
