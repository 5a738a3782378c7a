"""What a resident may know of a report by number and code: how far, with whom, by when; and what they may say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.channels.masking import masked_text
from dispatcher.desk.callbacks import CallbackResult
from dispatcher.desk.errors import DeskRefusal, DeskRefused, DeskUnknown
from dispatcher.desk.receipts import QUERIES
from dispatcher.tickets import acting
from dispatcher.tickets.model import Action, Actor, TicketEvent, TicketState
from runtime.pool import Connection

RESIDENT: Final = Actor.rule("resident")
"""Who acts by number and code: known by the code alone, so the record names nobody."""

_S: Final = TicketState


class PublicState(StrEnum):
    """How far a report is, in the words for residents; many states of a ticket are one of these."""

    RECEIVED = "received"  # 已登记: a person will look at it.
    ACCEPTED = "accepted"  # 已受理
    IN_HAND = "in_hand"  # 办理中
    SUSPENDED = "suspended"  # 暂缓办理: for an approved reason.
    CHECKING = "checking"  # 核查中: somebody else looks at the result.
    CALLING = "calling"  # 待回访
    CLOSED = "closed"  # 已办结
    ANSWERED = "answered"  # 已答复
    NOT_ACCEPTED = "not_accepted"  # 不予受理
    ENDED = "ended"  # 已终止: void, with nothing to be done.


_STATES: Final[Mapping[PublicState, tuple[TicketState, ...]]] = {
    PublicState.RECEIVED: (_S.NEW, _S.VERIFYING_FACT),
    PublicState.ACCEPTED: (_S.ACCEPTED,),
    PublicState.SUSPENDED: (_S.SUSPENDED,),
    PublicState.CHECKING: (_S.RESOLVED, _S.VERIFYING),
    PublicState.CALLING: (_S.AWAITING_CALLBACK,),
    PublicState.CLOSED: (_S.CLOSED,),
    PublicState.ANSWERED: (_S.ANSWERED,),
    PublicState.NOT_ACCEPTED: (_S.NOT_ACCEPTED,),
    PublicState.ENDED: (_S.VOIDED,),
}
_BY_STATE: Final = {state: public for public, states in _STATES.items() for state in states}

WORDS: Final[Mapping[PublicState, tuple[str, str]]] = {
    PublicState.RECEIVED: ("已登记，等待受理", "Received, waiting to be looked at"),
    PublicState.ACCEPTED: ("已受理，正在派单", "Accepted, being assigned"),
    PublicState.IN_HAND: ("正在办理", "Being worked on"),
    PublicState.SUSPENDED: ("经批准暂缓办理", "Suspended with approval"),
    PublicState.CHECKING: ("已办理，正在核查", "Done, being checked"),
    PublicState.CALLING: ("已核查，等待回访", "Checked, you will be called"),
    PublicState.CLOSED: ("已办结", "Closed"),
    PublicState.ANSWERED: ("已答复", "Answered"),
    PublicState.NOT_ACCEPTED: ("不予受理", "Not accepted"),
    PublicState.ENDED: ("已终止", "Ended"),
}

REFUSAL_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "other_legal_channel": ("应通过其他法定途径解决", "Another legal channel decides it"),
    "repeated": ("同一事项已在办理或已答复", "The same matter is in hand or was answered"),
    "outside_area": ("不属于本市受理范围", "Outside what this city decides"),
    "secret": ("涉及国家秘密、商业秘密或个人隐私", "Concerns secrets or somebody's privacy"),
    "malicious": ("恶意反映", "Reported in bad faith"),
}
"""Why a matter was refused; the keys are the reasons of the action."""


class ObjectionAim(StrEnum):
    """What a resident objects to; equal to the SQL enum `objection_aim`."""

    NON_ACCEPTANCE = "non_acceptance"  # 对不予受理的异议
    RESULT = "result"  # 对办理结果的异议


_OBJECTIONS: Final[Mapping[PublicState, tuple[ObjectionAim, TicketEvent]]] = {
    PublicState.NOT_ACCEPTED: (ObjectionAim.NON_ACCEPTANCE, TicketEvent.OBJECT),
    PublicState.CLOSED: (ObjectionAim.RESULT, TicketEvent.REOPEN),
}
_RATED: Final = frozenset({PublicState.CLOSED, PublicState.ANSWERED, PublicState.NOT_ACCEPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A report as its caller may see it. Nothing in it says who called, or what was said."""

    number: str
    received_at: datetime
    state: PublicState
    ticket_number: str | None
    kind: tuple[str, str] | None  # Chinese and English.
    holder: tuple[str, str]
    due_at: datetime | None
    closed_at: datetime | None
    refusal: tuple[str, str] | None  # Why it was not accepted, with the law.
    answer: str | None
    may_object: bool
    may_rate: bool


_HOTLINE: Final = ("12345 热线受理中心", "12345 hotline desk")


def public_state(state: TicketState | None) -> PublicState:
    """The word for residents; None is a report that has no ticket yet."""
    return PublicState.RECEIVED if state is None else _BY_STATE.get(state, PublicState.IN_HAND)


async def read_standing(conn: Connection, call_id: int) -> Standing:
    """How a report stands. Raises DeskUnknown for a call without a receipt."""
    row = await conn.fetchrow(QUERIES.read_standing, call_id)
    if row is None:
        raise DeskUnknown("report")
    state = public_state(None if row["state"] is None else TicketState(row["state"]))
    lead = None if row["lead_zh"] is None else (row["lead_zh"], row["lead_en"])
    with_desk = state in (PublicState.RECEIVED, PublicState.ACCEPTED, PublicState.CALLING, PublicState.NOT_ACCEPTED)
    aim = _OBJECTIONS[state][0] if state in _OBJECTIONS else None
    return Standing(
        number=row["number"],
        received_at=row["received_at"],
        state=state,
        ticket_number=row["ticket_number"],
        kind=None if row["kind_zh"] is None else (row["kind_zh"], row["kind_en"]),
        holder=_HOTLINE if lead is None or with_desk else lead,
        due_at=row["due_at"],
        closed_at=row["closed_at"],
        refusal=await _refusal(conn, row["ticket_id"]) if state is PublicState.NOT_ACCEPTED else None,
        answer=await _answer(conn, row["ticket_id"]) if state is PublicState.ANSWERED else None,
        may_object=aim is not None and aim.value not in row["objected"],
        may_rate=state in _RATED and row["rated"] is None,
    )


async def object_to(conn: Connection, call_id: int, reason: str, at: datetime) -> None:
    """Object to the refusal, or to the result, once each: the matter is looked at anew.

    Raises DeskUnknown, DeskRefused, and ActionRefused where the window has passed or the case has an open ticket.
    """
    row = await _of_ticket(conn, call_id)
    state = public_state(TicketState(row["state"]))
    if state not in _OBJECTIONS:
        raise DeskRefused(DeskRefusal.NOTHING_TO_OBJECT)
    aim, event = _OBJECTIONS[state]
    if await conn.fetchval(QUERIES.insert_objection, call_id, aim, row["ticket_id"], at) is None:
        raise DeskRefused(DeskRefusal.OBJECTED_BEFORE)
    await acting.act(conn, row["ticket_id"], Action(event, row["version"], reason), RESIDENT, at)


async def rate(
    conn: Connection, call_id: int, satisfaction: int, result: CallbackResult, words: str | None, at: datetime
) -> None:
    """What the caller thinks of how it ended, once. Raises DeskUnknown, DeskRefused."""
    row = await _of_ticket(conn, call_id)
    if public_state(TicketState(row["state"])) not in _RATED:
        raise DeskRefused(DeskRefusal.NOT_ENDED)
    rated = await conn.fetchval(QUERIES.insert_rating, call_id, row["ticket_id"], at, satisfaction, result, words)
    if rated is None:
        raise DeskRefused(DeskRefusal.RATED_BEFORE)


async def _of_ticket(conn: Connection, call_id: int) -> Mapping[str, Any]:
    row = await conn.fetchrow(QUERIES.read_standing, call_id)
    if row is None:
        raise DeskUnknown("report")
    if row["ticket_id"] is None:
        raise DeskRefused(DeskRefusal.NOT_ENDED)
    return dict(row)


async def _refusal(conn: Connection, ticket_id: int) -> tuple[str, str] | None:
    row = await conn.fetchrow(QUERIES.last_refusal, ticket_id)
    if row is None or row["code"] not in REFUSAL_WORDS:
        return None
    zh, en = REFUSAL_WORDS[row["code"]]
    return (zh, en) if row["zh_text"] is None else (f"{zh}：{row['zh_text']}", f"{en}: {row['en_text']}")


async def _answer(conn: Connection, ticket_id: int) -> str | None:
    answer = await conn.fetchval(QUERIES.last_answer, ticket_id)
    return None if answer is None else masked_text(answer)
