"""Reads what an action's evidence needs, and writes down what it named; each in the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime

from dispatcher.attachments import store as attachments
from dispatcher.attachments.model import Cited, PastUse, Use
from dispatcher.tickets.evidence import (
    FINISHING,
    NO_EVIDENCE,
    RESULTS,
    TOPIC,
    Evidence,
    Scene,
    found_about,
    named_attachments,
    reuses,
)
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Action, Actor, Entry, Ticket, TicketEvent, Transition
from dispatcher.tickets.transitions import rows_for
from registry.evidence import photos_needed, read_attachment_rules
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def read_evidence(conn: Connection, ticket: Ticket, action: Action) -> Evidence:
    """What the guards of evidence look up for one action; the same photo named twice at once makes the second wait."""
    guards = {guard for row in rows_for(ticket.ticket_kind, action.event, ticket.state) for guard in row.guards}
    if not guards & {Guard.ATTACHMENT_KNOWN, Guard.EVIDENCE_STANDS}:
        return NO_EVIDENCE
    needed = await photos_needed(conn, ticket.ticket_kind, [action.event], ticket.grade, ticket.demand)
    ids = named_attachments(action.fields)
    if not ids and Guard.EVIDENCE_STANDS not in guards:
        return Evidence(photos_needed=needed.get(action.event, 0))
    rules = await read_attachment_rules(conn)
    cited = await attachments.look_up(conn, ids, rules.near_bits)
    relatives = frozenset(row["id"] for row in await conn.fetch(QUERIES.tickets_of_case, ticket.case_id))
    fallen: tuple[PastUse, ...] = ()
    if Guard.EVIDENCE_STANDS in guards:
        scene = Scene(ticket.id, ticket.opened_at, ticket.lon, ticket.lat)
        shown = await attachments.newest_proof(conn, TOPIC, ticket.id, RESULTS, rules.near_bits)
        # Who shows a photo first is not blamed for who copies it later.
        fallen = tuple(past for use_id, each in shown for past in reuses(scene, each, relatives, before=use_id))
    others = {past.use.subject_id for past in (*fallen, *_past(cited.values())) if past.use.topic == TOPIC}
    return Evidence(
        cited=cited,
        photos_needed=needed.get(action.event, 0),
        relatives=relatives,
        numbers={row["id"]: row["number"] for row in await conn.fetch(QUERIES.numbers_of, list(others))},
        fallen=fallen,
        far_m=rules.far_m,
        ahead_s=rules.ahead_s,
    )


async def note_evidence(
    conn: Connection, ticket: Ticket, action: Action, record: Transition | Entry, actor: Actor, evidence: Evidence
) -> None:
    """Write down what the action named, with what was found about it."""
    ids = named_attachments(action.fields)
    if not ids:
        return
    scene = Scene(ticket.id, ticket.opened_at, ticket.lon, ticket.lat)
    at: datetime = record.at
    found = {each: found_about(scene, evidence.cited[each], evidence, at) for each in ids}
    event: TicketEvent = action.event
    use = Use(TOPIC, ticket.id, event.value, record.version, finishing=event in FINISHING)
    await attachments.note(conn, found, use, actor.id, at)


def _past(cited: Iterable[Cited]) -> list[PastUse]:
    return [past for each in cited for past in each.uses]
