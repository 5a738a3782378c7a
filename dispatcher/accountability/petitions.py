"""Petitions about an organ and its people (检举、投诉、控告): an acceptance clock, a handling clock, and what was done.

Who is complained of never sees one; who petitioned is read by nobody but who handles it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dispatcher.accountability.files import QUERIES, Sight, read_organ
from dispatcher.accountability.procedures import Parties, Subject, allowed_events, decide
from dispatcher.accountability.words import PetitionKind, PetitionState
from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Act, Refused
from dispatcher.tickets import clocks
from dispatcher.tickets.breaches import Breach, BreachType, open_breach, record_end
from registry.calendar import read_calendar
from registry.limits import Limit, read_limits
from registry.numbering import take_number
from runtime.pool import Connection

PETITION: Final = "PT"
ACCEPT: Final = "p_accept"
HANDLE: Final = "p_handle"
EXTENSION_D: Final = 30
"""Days by which the handling may be lengthened once. Source: 信访工作条例 (2022) Art. 34."""
REFUSAL_CODES: Final = frozenset({"other_legal_channel", "repeated", "outside_competence", "no_substance"})
_LAST: Final = 2**63 - 1
_ANEW: Final = "overturned_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Petition:
    """Who says what of which organ, and who has to decide on it."""

    kind: PetitionKind
    about_id: str
    receiver_id: str
    matter: str
    petitioner: str | None = None
    contact: str | None = None


async def receive(conn: Connection, said: Petition, user: User, at: datetime) -> int:
    """Take a petition in, both clocks running; its id. Raises EntryRefused."""
    about = await read_organ(conn, "about", said.about_id)
    await read_organ(conn, "receiver", said.receiver_id)
    if said.about_id == said.receiver_id:
        raise EntryRefused("receiver", "nobody decides on a petition about itself")
    limits = await read_limits(conn, ())
    calendar = await read_calendar(conn, at)
    found = [limits.find(clock, kind="", grade=0, demand=said.kind) for clock in (ACCEPT, HANDLE)]
    if None in found:
        raise EntryRefused("kind", "no limits are loaded for it")
    accept, handle = (clocks.due(limit, at, calendar, natural=False) for limit in found if isinstance(limit, Limit))
    petition_id: int = await conn.fetchval(
        QUERIES.insert_petition,
        await take_number(conn, PETITION, at),
        said.kind,
        said.about_id,
        said.receiver_id,
        about["path"],
        said.matter,
        said.petitioner,
        said.contact,
        at,
        accept.at,
        handle.at,
        dict(accept.explanation),
        dict(handle.explanation),
    )
    await _record(conn, petition_id, 1, "receive", None, PetitionState.RECEIVED, at, user, None, {})
    return petition_id


async def act(conn: Connection, petition_id: int, asked: Act, user: User, at: datetime) -> None:
    """One action on a petition. What is done late is a breach.

    Raises SubjectNotFound, Outpaced, ActRefused, EntryRefused.
    """
    claimed = await conn.fetchval(QUERIES.claim_petition, petition_id, asked.version)
    row = await read(conn, petition_id, user)
    if claimed is None:
        raise Outpaced(Subject.PETITION, row["version"], row["state"])
    hop = decide(Subject.PETITION, row["state"], asked, user, parties_of(row))
    if isinstance(hop, Refused):
        raise ActRefused(Subject.PETITION, row["state"], asked.event, hop)
    if hop.event == "refuse" and asked.fields["code"] not in REFUSAL_CODES:
        raise EntryRefused("code", f"one of {', '.join(sorted(REFUSAL_CODES))}")
    if hop.event == "extend" and row["extended"]:
        raise EntryRefused("event", "was lengthened before")
    if hop.event == "extend" and row["handle_due_at"] < at:
        raise EntryRefused("event", "comes too late: the limit has passed")
    await _end_clocks(conn, row, hop.event, at)
    after = _after(row, hop.event, hop.to_state, asked)
    if hop.event == "overturn_refusal":
        after |= await _decide_anew(conn, row, at)
    await conn.execute(
        QUERIES.move_petition,
        petition_id,
        after["state"],
        after["accept_due_at"],
        after["handle_due_at"],
        _next_due(after, at, unnoticed_since=row["next_due_at"]),
        after["extended"],
        after["refusal_code"],
        after["legal_basis"],
        after["accept_limit"],
    )
    if hop.event == "overturn_refusal":
        await _record_refusal(conn, row, at)
    said = {name: asked.fields[name] for name in hop.fields if name != "reason"}
    await _record(
        conn, petition_id, row["version"], hop.event, row["state"], after["state"], at, user, asked.reason, said
    )


async def notice_late(conn: Connection, at: datetime, limit: int) -> int:
    """Record the breach of every clock of a petition that `at` has passed; how many rows were looked at."""
    rows = [dict(row) for row in await conn.fetch(QUERIES.due_petitions, at, limit)]
    for row in rows:
        if row["state"] == PetitionState.RECEIVED and row["accept_due_at"] <= at:
            await open_breach(conn, _late(row, ACCEPT, None))
        if row["state"] in (PetitionState.RECEIVED, PetitionState.ACCEPTED) and row["handle_due_at"] <= at:
            await open_breach(conn, _late(row, HANDLE, None))
        await conn.execute(QUERIES.wait_for, row["id"], _next_due(row, at))
    return len(rows)


async def page(
    conn: Connection, user: User, *, state: str | None = None, before_id: int | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Petitions that the viewer may know of, newest first."""
    return await _rows(conn, user, state, before_id or _LAST, None, limit)


async def read(conn: Connection, petition_id: int, user: User) -> dict[str, Any]:
    """One petition. Raises SubjectNotFound, also for what the viewer may not know of."""
    rows = await _rows(conn, user, None, _LAST, petition_id, 1)
    if not rows:
        raise SubjectNotFound(Subject.PETITION, petition_id)
    return rows[0]


async def read_once(conn: Connection, petition_id: int) -> dict[str, Any]:
    """A petition for the receipt of who took it in, whoever that is."""
    row = await conn.fetchrow(QUERIES.list_petitions, None, True, None, None, None, _LAST, petition_id, 1)
    if row is None:
        raise SubjectNotFound(Subject.PETITION, petition_id)
    return dict(row)


async def history(conn: Connection, petition_id: int) -> list[dict[str, Any]]:
    """Everything that was done with it, in order."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_petition_records, petition_id)]


def parties_of(row: Mapping[str, Any]) -> Parties:
    return Parties(tuple(row["area_path"]), row["about_organisation_id"], row["receiver_organisation_id"])


def events_for(row: Mapping[str, Any], user: User) -> list[str]:
    """What the user could do with it now."""
    return allowed_events(Subject.PETITION, row["state"], user, parties_of(row))


def reads_petitioner(row: Mapping[str, Any], user: User) -> bool:
    """Whether the viewer handles it: nobody else reads who petitioned."""
    speaks = bool(user.roles & {UserRole.DEPT_HEAD, UserRole.SHIFT_LEADER, UserRole.SUPERVISOR})
    return speaks and user.organisation_id is not None and user.organisation_id == row["receiver_organisation_id"]


async def _decide_anew(conn: Connection, row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A refusal without basis is a breach of its own; the decision has its limit again, the handling has not."""
    limit = (await read_limits(conn, ())).find(ACCEPT, kind="", grade=0, demand=row["kind"])
    if limit is None:
        raise LookupError(ACCEPT)
    ends = clocks.due(limit, at, await read_calendar(conn, at), natural=False)
    return {"accept_due_at": ends.at, "accept_limit": {**ends.explanation, _ANEW: at.isoformat()}}


def _after(row: Mapping[str, Any], event: str, to_state: str, asked: Act) -> dict[str, Any]:
    after = dict(row) | {"state": to_state or row["state"]}
    match event:
        case "refuse":
            after |= {"refusal_code": asked.fields["code"], "legal_basis": asked.fields["legal_basis"]}
        case "extend":
            after |= {"handle_due_at": row["handle_due_at"] + timedelta(days=EXTENSION_D), "extended": True}
    return after


def _next_due(row: Mapping[str, Any], at: datetime, *, unnoticed_since: datetime | None = None) -> datetime | None:
    """The next due time that nobody noticed yet: behind `at`, or waited for since then though the step has not come."""
    running: list[datetime] = []
    if row["state"] == PetitionState.RECEIVED:
        running.append(row["accept_due_at"])
    if row["state"] in (PetitionState.RECEIVED, PetitionState.ACCEPTED):
        running.append(row["handle_due_at"])
    since = min(at + timedelta.resolution, unnoticed_since or datetime.max.replace(tzinfo=UTC))
    return min((due_at for due_at in running if due_at >= since), default=None)


async def _end_clocks(conn: Connection, row: Mapping[str, Any], event: str, at: datetime) -> None:
    ended = {"accept": (ACCEPT,), "refuse": (ACCEPT, HANDLE), "conclude": (HANDLE,), "withdraw": (ACCEPT, HANDLE)}
    for clock in ended.get(event, ()):
        due_at = row["accept_due_at"] if clock == ACCEPT else row["handle_due_at"]
        if clock == ACCEPT and row["state"] != PetitionState.RECEIVED:
            continue
        if at > due_at:
            await open_breach(conn, _late(row, clock, at))
            await record_end(conn, _key(row, clock), at)


def _late(row: Mapping[str, Any], clock: str, actual_at: datetime | None) -> Breach:
    due_at: datetime = row["accept_due_at"] if clock == ACCEPT else row["handle_due_at"]
    explanation = row["accept_limit"] if clock == ACCEPT else row["handle_limit"]
    return Breach(
        source_key=_key(row, clock),
        type=BreachType.OVERDUE_ACCEPT if clock == ACCEPT else BreachType.OVERDUE_HANDLE,
        clock=clock,
        unit_id=row["receiver_organisation_id"],
        area_path=tuple(row["area_path"]),
        happened_at=due_at,
        explanation={**explanation, "petition": row["number"]},
        started_at=datetime.fromisoformat(anew) if (anew := _anew(row, clock)) else row["received_at"],
        due_at=due_at,
        actual_at=actual_at,
    )


def _key(row: Mapping[str, Any], clock: str) -> str:
    return ":".join(("petition", str(row["id"]), clock, *filter(None, [_anew(row, clock)])))


def _anew(row: Mapping[str, Any], clock: str) -> str | None:
    """Since when the acceptance is decided anew."""
    since: str | None = row["accept_limit"].get(_ANEW) if clock == ACCEPT else None
    return since


async def _record_refusal(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    await open_breach(
        conn,
        Breach(
            source_key=f"petition:{row['id']}:refusal:{row['version']}",
            type=BreachType.NOT_ACCEPTED,
            clock=BreachType.NOT_ACCEPTED.value,
            unit_id=row["receiver_organisation_id"],
            area_path=tuple(row["area_path"]),
            happened_at=at,
            explanation={
                "petition": row["number"],
                "code": row["refusal_code"],
                "legal_basis": row["legal_basis"],
                "overturned_at": at.isoformat(),
            },
        ),
    )


async def _rows(
    conn: Connection, user: User, state: str | None, before_id: int, only_id: int | None, limit: int
) -> list[dict[str, Any]]:
    sight = Sight.of(user)
    rows = await conn.fetch(
        QUERIES.list_petitions,
        sight.area_id,
        sight.supervising,
        sight.unit_id,
        user.organisation_id,
        state,
        before_id,
        only_id,
        limit,
    )
    return [dict(row) for row in rows]


async def _record(
    conn: Connection,
    petition_id: int,
    version: int,
    event: str,
    from_state: str | None,
    to_state: str,
    at: datetime,
    user: User,
    reason: str | None,
    fields: Mapping[str, Any],
) -> None:
    await conn.execute(
        QUERIES.insert_petition_record,
        petition_id,
        version,
        event,
        from_state,
        to_state,
        at,
        user.actor,
        user.zh_name,
        user.organisation_id,
        reason,
        dict(fields),
    )
