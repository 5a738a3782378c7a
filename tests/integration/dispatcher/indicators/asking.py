"""Asks for the whole figure of an indicator, and takes tickets to where it counts them."""

from datetime import datetime, timedelta
from typing import Any

from dispatcher.indicators import answering
from dispatcher.indicators.model import Dimension, Figure, Question
from registry.calendar import LOCAL
from runtime.pool import SYSTEM, Pool, transaction
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AGENT,
    AT,
    DISPATCH,
    HANDLER,
    SIGN,
    VERIFIER,
    WORK,
    E,
    Step,
    act,
    new_ticket,
)


async def asked(pool: Pool, indicator: str, dimension: Dimension = Dimension.AREA, **more: Any) -> dict[str, Figure]:
    """The whole figure of each member, from the facts."""
    since = AT.astimezone(LOCAL).date()
    question = Question(
        indicators=(indicator,), since=since, until=since + timedelta(days=60), dimension=dimension, **more
    )
    async with transaction(pool, scope=SYSTEM) as conn:
        return {key.member: figure for key, figure in (await answering.answer(conn, question)).items()}


CONTACT: Step = (E.CONTACT, HANDLER, {"channel": "phone", "record": "R-1"})
SATISFIED: Step = (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "satisfaction": 4})


async def called_back(pool: Pool, *results: Step, at: datetime = AT) -> int:
    ticket_id = await new_ticket(pool, calls=len(results))
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, CONTACT, *WORK, (E.VERIFY_OK, VERIFIER, {}), at=at)
    await act(pool, ticket_id, *results, at=at)
    return ticket_id
