"""Drafts of what is made public: the queue, one with its redaction and preview, actions, committees' own calendar."""

from typing import Any

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import EntryRefused
from dispatcher.api.cursors import decode, encode
from dispatcher.api.handlers.admission import act_of
from dispatcher.api.models import disclosures as models
from dispatcher.api.models.admission import ActAsk, ActPath, RecordLine
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.disclosure import acting, duties, matters, reading
from dispatcher.disclosure.personal import black_out, find_personal
from dispatcher.disclosure.procedures import allowed_events
from dispatcher.disclosure.reading import LAST_ID, QUERIES
from registry.calendar import read_calendar
from registry.disclosures import DutyPeriod, read_duty_rules
from runtime.pool import Connection

_DRAFTERS = frozenset({UserRole.DISCLOSURE_EDITOR, UserRole.DISCLOSURE_APPROVER, UserRole.SUPERVISOR})


async def list_disclosures(call: Call[None, models.DisclosureFilter, None]) -> models.Disclosures:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await reading.page(
        call.conn,
        reading.Sight.of(call.viewer),
        reading.Wanted(
            state=asked.state,
            item=asked.item,
            ticket_id=asked.ticket,
            late=asked.late,
            withdrawal_proposed=asked.withdrawal_proposed,
        ),
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Disclosures(items=[models.Disclosure(**_row(row, call.viewer)) for row in rows], next=following)


async def read_disclosure(call: Call[ById, None, None]) -> models.DisclosureDetail:
    return await _detail(call.conn, call.params.id, call.viewer)


async def open_disclosure(call: Call[None, None, models.NewDisclosure]) -> models.DisclosureDetail:
    asked = call.body
    matter = matters.Matter(
        item=asked.item,
        title=asked.title,
        text=asked.text,
        publisher_id=asked.publisher,
        ticket_id=asked.ticket_id,
        warning=asked.warning,
        outcome=asked.outcome,
        both_consent=asked.both_consent,
        minutes=asked.minutes,
        duty_id=asked.duty_id,
    )
    return await _detail(call.conn, await matters.open_matter(call.conn, matter, call.viewer, call.at), call.viewer)


async def act_on_disclosure(call: Call[ActPath, None, ActAsk]) -> models.DisclosureDetail:
    await acting.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    return await _detail(call.conn, call.params.id, call.viewer)


async def plan_committee_duty(call: Call[None, None, models.NewDuty]) -> models.CommitteeDuty:
    """A committee puts a weighty matter into its own calendar; nobody else does it for it."""
    asked, user = call.body, call.viewer
    rules = {rule.item: rule for rule in await read_duty_rules(call.conn) if rule.period is DutyPeriod.EVENT}
    if UserRole.COMMITTEE not in user.roles or user.organisation_id is None:
        raise EntryRefused("committee", "a committee plans for itself")
    if asked.item not in rules:
        raise EntryRefused("item", "has no rule for events")
    calendar = await read_calendar(call.conn, call.at)
    duty_id = await duties.plan_event(
        call.conn, rules[asked.item], user.organisation_id, asked.matter, calendar, call.at
    )
    if duty_id is None:
        raise EntryRefused("matter", "stands in the calendar already")
    return await _duty(call.conn, duty_id)


async def find_on_committee_duty(call: Call[ById, None, models.DutyFinding]) -> models.CommitteeDuty:
    asked = call.body
    await duties.find(call.conn, call.params.id, asked.finding, settled=asked.settled, user=call.viewer, at=call.at)
    return await _duty(call.conn, call.params.id)


async def _duty(conn: Connection, duty_id: int) -> models.CommitteeDuty:
    (row,) = await conn.fetch(QUERIES.list_duties, None, None, LAST_ID, duty_id, 1)
    return models.CommitteeDuty(**dict(row))


async def _detail(conn: Connection, disclosure_id: int, viewer: User) -> models.DisclosureDetail:
    row = await reading.read(conn, disclosure_id, reading.Sight.of(viewer))
    body, redacted = await reading.preview(conn, row)
    records = [RecordLine(**line) for line in await reading.history(conn, disclosure_id)]
    if _masked(viewer):
        row |= {"text": redacted.text, "redactions": [], "waivers": []}
        records = [each.model_copy(update={"reason": _blank(each.reason)}) for each in records]
    return models.DisclosureDetail(
        **_row(row, viewer),
        **{
            name: row[name]
            for name in (
                "text",
                "secret_checked",
                "commercial_checked",
                "privacy_checked",
                "explanation",
                "public_body",
            )
        },
        redactions=[models.RedactedStretch(**each) for each in row["redactions"]],
        waivers=[models.WaivedStretch(**each) for each in row["waivers"]],
        proposals=[
            models.DraftProposal(
                start=each.found.start,
                end=each.found.end,
                kind=each.found.kind,
                required=each.required,
                waived=each.waived,
            )
            for each in (() if _masked(viewer) else redacted.proposals)
        ],
        preview=body,
        records=records,
    )


def _masked(viewer: User) -> bool:
    """Auditors read drafts as residents would (ruling A11)."""
    return UserRole.AUDITOR in viewer.roles and not viewer.roles & _DRAFTERS


def _blank(text: str | None) -> str | None:
    return None if text is None else black_out(text, find_personal(text))


def _row(row: dict[str, Any], viewer: User) -> dict[str, Any]:
    shown = {name: row[name] for name in models.Disclosure.model_fields if name != "actions"}
    if _masked(viewer):
        shown |= {"title": _blank(row["title"])}
    return shown | {"actions": allowed_events(row["state"], viewer, reading.standing_of(row))}
