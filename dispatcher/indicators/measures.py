"""What indicators count: SQL over the views of the log, put together of the words that the ticket tables use."""

from typing import Final

from dispatcher.indicators.model import Facts
from dispatcher.tickets.model import ClockName, TicketEvent
from dispatcher.tickets.routing import HELD_BY_DUTY_DESK

_C: Final = ClockName
_E: Final = TicketEvent


def words(*names: str) -> str:
    """A list for IN: names are words of our own enums."""
    return ", ".join(f"'{name}'" for name in names)


# The clock of this unit or ticket ended because the matter went to another, where it is counted.
HANDED_ON: Final = words(_E.MERGE, _E.REDISPATCH, _E.ACCEPT_RETURN, _E.AWARD, _E.AWARD_FALLBACK, _E.CHANGE_LEAD)


def in_time(*clocks: ClockName, by: tuple[TicketEvent, ...], only: str = "", unneeded: str = "") -> Facts:
    """Runs of clocks: in the numerator where one of `by` stopped it before it was due, and was not struck since.

    What a void, a milder grade or another end stopped stays in the denominator (ruling A9); what was handed on to
    another unit or ticket is counted there, and here in the population alone, as is what turned out `unneeded` in
    time. A breach stays whatever follows.
    """
    return Facts(
        view="indicator_clock_runs",
        where=f"clock IN ({words(*clocks)})" + (f" AND {only}" if only else ""),
        numerator=f"(breached_at IS NULL AND stop_reason IN ({words(*by)}))::int",
        denominator=f"(breached_at IS NOT NULL OR stop_reason NOT IN ({HANDED_ON})"
        + (f" AND NOT ({unneeded})" if unneeded else "")
        + ")::int",
        population="1",
    )


def deeds(where: str, *, numerator: str = "0", denominator: str = "0", answers: str = "organisation_id") -> Facts:
    return Facts(view="indicator_deeds", where=where, numerator=numerator, denominator=denominator, answers=answers)


def assigned(where: str = "true", *, answers: str = "organisation_id") -> Facts:
    """Every time that a unit was given a part; what the duty desk only held for somebody is left out."""
    return Facts(
        view="indicator_assignments",
        where=f"{where} AND reason NOT IN ({words(*sorted(HELD_BY_DUTY_DESK))})",
        denominator="1",
        answers=answers,
    )


LEADS: Final = "role = 'lead'"
# Runs for which the desks of the platform answer, and no unit (`of_desk` in breach_grounds.csv).
OF_DESKS: Final = (
    _C.TRIAGE,
    _C.REFUSAL,
    _C.DISPATCH,
    _C.VERIFY,
    _C.CALLBACK,
    _C.ARBITRATE,
    _C.REVIEW,
    _C.ADMIT,
    _C.PLAN_REVIEW,
    _C.INSPECT,
    _C.CLOSE_OUT,
)
# A call-back with its result. A withdrawal was heard from the reporter by somebody independent: it stays in the rates,
# so that talking a reporter out of a demand raises none of them (ruling A9).
CALLED: Final = f"event IN ({words(_E.CALLBACK_DONE, _E.CALLBACK_UNRESOLVED, _E.CONFIRM_WITHDRAWAL)})"
REACHED: Final = f"NOT (event = '{_E.CALLBACK_DONE}' AND COALESCE(fields ->> 'outcome', '') = 'unreachable')"


def called_back(numerator: str) -> tuple[Facts, ...]:
    return (
        Facts(
            view="indicator_deeds",
            where=CALLED,
            numerator=f"COALESCE({REACHED} AND event = '{_E.CALLBACK_DONE}' AND {numerator}, false)::int",
            denominator=f"({REACHED})::int",
            population="1",
        ),
    )


DECIDED: Final = f"event IN ({words(_E.ACCEPT_RETURN, _E.DENY_RETURN, _E.AWARD, _E.AWARD_FALLBACK)})"
# Whether the unit that asked has nothing more to do with the ticket.
UPHELD: Final = (
    f"(event = '{_E.ACCEPT_RETURN}' OR event IN ({words(_E.AWARD, _E.AWARD_FALLBACK)})"
    " AND asker IS DISTINCT FROM fields ->> 'lead' AND NOT COALESCE(fields -> 'co' ? asker, false))"
)
SENT_BACK: Final = (_E.VERIFY_FAIL, _E.CALLBACK_UNRESOLVED, _E.INSPECT_FAIL)
REWORKED: Final = f"event IN ({words(*SENT_BACK)})"
JUDGED: Final = (
    f"event IN ({words(*SENT_BACK, _E.INSPECT_OK, _E.VERIFY_OK, _E.CALLBACK_DONE)})"
    f" AND (event IN ({words(*SENT_BACK, _E.INSPECT_OK)}) OR to_state = 'closed' AND from_state <> 'closed')"
)
MOVED: Final = (
    f"event IN ({words(_E.REDISPATCH, _E.ACCEPT_RETURN, _E.AWARD, _E.AWARD_FALLBACK)})"
    " AND ticket_kind = 'call_response' AND organisation_id IS NOT NULL"
    # Who leaves because a reporter complains of it was not dispatched wrongly.
    f" AND (event <> '{_E.REDISPATCH}' OR actor NOT LIKE 'rule:%' AND from_state IN ('dispatched', 'acknowledged'))"
    f" AND lead_reason NOT IN ({words(*sorted(HELD_BY_DUTY_DESK))})"
    " AND fields ->> 'lead' IS DISTINCT FROM organisation_id"
)
ENDED: Final = (
    f"event IN ({words(_E.VERIFY_OK, _E.CALLBACK_DONE, _E.VOID, _E.REFUSE_ACCEPT, _E.COUNTERSIGN_REFUSAL, _E.ANSWER)})"
    " AND from_state <> to_state AND to_state IN ('closed', 'voided', 'not_accepted', 'answered')"
    " AND ticket_kind = 'call_response' AND device_found"
)
