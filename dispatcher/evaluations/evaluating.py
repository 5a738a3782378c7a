"""A committee's evaluation: drafted with residents' opinions, submitted, replied to, assessed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Act, Refused
from dispatcher.channels import outbox
from dispatcher.evaluations.clocks import start_clock
from dispatcher.evaluations.model import (
    EvaluationClock,
    EvaluationState,
    EvaluationSubject,
    EvaluationVerdict,
    HearingForm,
    Subject,
)
from dispatcher.evaluations.procedures import decide
from dispatcher.evaluations.reading import QUERIES, Sight, read, standing_of
from registry.numbering import take_number
from registry.organisations import OrganisationKind, read_organisations_named
from runtime.pool import Connection

NUMBER: Final = "EV"
RULE: Final = "rule:evaluations"
ESCALATED: Final = "evaluation.escalated"
REPLIED: Final = "evaluation.replied"
WORDS_MAX: Final = 4000

_AUTHORITIES: Final = frozenset(
    {
        OrganisationKind.DEPARTMENT,
        OrganisationKind.SUBDISTRICT,
        OrganisationKind.GOVERNMENT,
        OrganisationKind.DUTY_DESK,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvaluation:
    """What a committee evaluates, and who has to answer."""

    subject: EvaluationSubject
    unit_id: str
    authority_id: str
    period_from: date
    period_to: date
    form: HearingForm
    summary: str


async def draft(conn: Connection, wanted: NewEvaluation, user: User, at: datetime) -> int:
    """The id of a draft of the user's own committee. Raises EntryRefused."""
    if UserRole.COMMITTEE not in user.roles or user.organisation_id is None:
        raise EntryRefused("committee", "a committee evaluates (Art. 46)")
    named = await read_organisations_named(conn, [user.organisation_id, wanted.unit_id, wanted.authority_id])
    committee, unit, authority = (
        named.get(each) for each in (user.organisation_id, wanted.unit_id, wanted.authority_id)
    )
    if committee is None or committee.kind is not OrganisationKind.COMMITTEE:
        raise EntryRefused("committee", "is no residents' committee")
    if unit is None or unit.kind in (OrganisationKind.COMMITTEE, OrganisationKind.OWNERS_COMMITTEE):
        raise EntryRefused("unit", "is no unit whose service is evaluated")
    if authority is None or authority.kind not in _AUTHORITIES:
        raise EntryRefused("authority", "is no authority that could answer")
    if unit.id == authority.id:
        raise EntryRefused("authority", "is the unit itself: who is assessed does not answer for itself")
    if wanted.period_to < wanted.period_from:
        raise EntryRefused("period_to", "lies before the beginning")
    evaluation_id: int = await conn.fetchval(
        QUERIES.insert_evaluation,
        await take_number(conn, NUMBER, at),
        committee.id,
        wanted.subject,
        unit.id,
        authority.id,
        wanted.period_from,
        wanted.period_to,
        wanted.form,
        wanted.summary,
        at,
    )
    await add_record(conn, evaluation_id, 1, "draft", None, EvaluationState.DRAFT, at, user=user)
    return evaluation_id


async def add_opinion(
    conn: Connection, evaluation_id: int, score: int, text: str | None, user: User, at: datetime
) -> int:
    """What one resident said, without a name; its number. Raises SubjectNotFound, EntryRefused."""
    row = await conn.fetchrow(QUERIES.hold_evaluation, evaluation_id)
    own = UserRole.COMMITTEE in user.roles and user.organisation_id is not None
    if row is None or not own or row["committee_id"] != user.organisation_id:
        raise SubjectNotFound(Subject.EVALUATION, evaluation_id)
    if row["state"] != EvaluationState.DRAFT:
        raise EntryRefused("state", "was submitted: no opinion is added any more")
    number: int = await conn.fetchval(QUERIES.insert_opinion, evaluation_id, score, text, at)
    return number


async def act(conn: Connection, evaluation_id: int, asked: Act, user: User, at: datetime) -> None:
    """One action. Raises SubjectNotFound, Outpaced, ActRefused, EntryRefused; then nothing may be committed."""
    claimed = await conn.fetchval(QUERIES.claim_evaluation, evaluation_id, asked.version)
    row = await read(conn, evaluation_id, Sight.of(user))
    if claimed is None:
        raise Outpaced(Subject.EVALUATION, row["version"], row["state"])
    hop = decide(asked, user, standing_of(row))
    if isinstance(hop, Refused):
        raise ActRefused(Subject.EVALUATION, row["state"], asked.event, hop)
    match asked.event:
        case "edit":
            await conn.execute(QUERIES.edit_evaluation, evaluation_id, _words(asked.fields, "summary"))
        case "submit":
            await _submit(conn, row, at)
        case "reply":
            await _reply(conn, row, asked, at)
        case "accept":
            await conn.execute(QUERIES.assess_evaluation, evaluation_id, EvaluationVerdict.ACCEPTED, None)
        case "not_enough":
            await _open_again(conn, row, at)
        case "insist":
            await conn.execute(QUERIES.assess_evaluation, evaluation_id, EvaluationVerdict.NOT_ENOUGH, at)
            await _escalate(conn, row, at)
        case "report_measures":
            _words(asked.fields, "result")
            await conn.execute(QUERIES.stop_clock, evaluation_id, EvaluationClock.MEASURES, at)
            await conn.execute(QUERIES.report_measures, evaluation_id, at)
        case "close" | "decide":
            await conn.execute(QUERIES.stop_clock, evaluation_id, EvaluationClock.MEASURES, at)
            await conn.execute(QUERIES.close_evaluation, evaluation_id, at)
    await add_record(
        conn,
        evaluation_id,
        row["version"],
        asked.event,
        row["state"],
        EvaluationState(hop.to_state),
        at,
        user=user,
        reason=asked.reason,
        fields=asked.fields,
    )


async def _submit(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    """Residents evaluate a service; of an organ the committee may speak for itself."""
    said = await conn.fetchrow(QUERIES.sum_opinions, row["id"])
    if row["subject"] != EvaluationSubject.ADMINISTRATIVE_ORGAN and (said is None or not said["opinions"]):
        raise EntryRefused("opinions", "no resident was heard")
    await conn.execute(QUERIES.submit_evaluation, row["id"], at)


async def _reply(conn: Connection, row: Mapping[str, Any], asked: Act, at: datetime) -> None:
    measures = _words(asked.fields, "measures") if asked.fields.get("measures") is not None else None
    await conn.execute(QUERIES.stop_clock, row["id"], EvaluationClock.REPLY, at)
    await conn.execute(QUERIES.reply_to_evaluation, row["id"], _words(asked.fields, "reply"), measures, at)
    if measures is not None:
        await start_clock(conn, row["id"], EvaluationClock.MEASURES, row["authority_organisation_id"], at)
    await _tell(conn, row, row["committee_id"], REPLIED, at)


async def _open_again(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    """The reply is due anew; what was promised in the first one is superseded by the second."""
    await conn.execute(QUERIES.stop_clock, row["id"], EvaluationClock.MEASURES, at)
    await conn.execute(QUERIES.reopen_evaluation, row["id"], at)
    await start_clock(conn, row["id"], EvaluationClock.REPLY, row["authority_organisation_id"], at)
    await _escalate(conn, row, at)


async def _escalate(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    sides = [row["authority_organisation_id"], row["subject_organisation_id"]]
    supervisor = await conn.fetchval(QUERIES.supervisor_unit, list(row["area_path"]), sides)
    if supervisor is not None:
        await _tell(conn, row, supervisor, ESCALATED, at)


async def _tell(conn: Connection, row: Mapping[str, Any], organisation_id: str, topic: str, at: datetime) -> None:
    await outbox.enqueue(
        conn,
        idempotency_key=f"{topic}-{row['id']}-{row['version']}",
        organisation_id=organisation_id,
        ticket_id=None,
        topic=topic,
        body={"evaluation_id": row["id"], "number": row["number"]},
        at=at,
    )


def _words(fields: Mapping[str, Any], name: str) -> str:
    given = fields.get(name)
    if not isinstance(given, str) or not given.strip() or len(given) > WORDS_MAX or "\x00" in given:
        raise EntryRefused(name, f"is a text of at most {WORDS_MAX} characters")
    return given


async def add_record(
    conn: Connection,
    evaluation_id: int,
    version: int,
    event: str,
    from_state: str | None,
    to_state: EvaluationState,
    at: datetime,
    *,
    user: User | None = None,
    reason: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Write what was done; `user` None: the platform did it."""
    await conn.execute(
        QUERIES.insert_record,
        evaluation_id,
        version,
        event,
        from_state,
        to_state,
        at,
        RULE if user is None else user.actor,
        RULE if user is None else user.zh_name,
        None if user is None else user.organisation_id,
        reason,
        dict(fields or {}),
    )
