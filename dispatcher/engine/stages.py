"""The dispatcher on one screen: what happens to every batch of the log, in this order, in one transaction."""

from collections.abc import Awaitable, Callable
from typing import Final

from dispatcher.accountability import stage as accountability
from dispatcher.attachments import stage as attachments
from dispatcher.desk import stage as desk
from dispatcher.disclosure import stage as disclosure
from dispatcher.engine import messages
from dispatcher.escalation import duties, pages
from dispatcher.escalation import stage as escalation
from dispatcher.evaluations import stage as evaluations
from dispatcher.handovers import stage as handovers
from dispatcher.incidents import stage as incidents
from dispatcher.incidents.step import Advanced, Step
from dispatcher.indicators import rollups
from dispatcher.patterns import stage as patterns
from dispatcher.rates import stage as rates
from dispatcher.screening import stage as screening
from dispatcher.tickets import stage as tickets

Stage = Callable[[Step], Awaitable[Advanced]]


async def _give_up_uploads(step: Step) -> Advanced:
    given_up = await attachments.advance(step)
    return Advanced(given_up, given_up)


# Correlation and risk are pure and are asked by the incidents stage; the outbox is written by whoever causes a message.
# Not every stage runs at every step: looking.py says which only look for what is due, and when.
STAGES: Final[tuple[tuple[str, Stage], ...]] = (
    ("recall", patterns.recall),  # the events that patterns may still need, before anything is written
    ("incidents", incidents.advance),  # correlation -> risk -> incidents
    ("patterns", patterns.advance),  # what happened together is one case
    ("tickets", tickets.advance),  # who must do what
    ("announcements", incidents.announce),  # the stream tells of incidents with the tickets they led to
    ("escalation", escalation.advance),  # by when, and who hears of it otherwise
    ("pages", pages.advance),  # who is on duty there, and who else when nobody answers
    ("duties", duties.advance),  # where nobody will be on duty, and who cannot be reached
    ("screening", screening.advance),  # rounds that fall due; hazards follow their joint tickets
    ("desk", desk.advance),  # which decisions are looked at again; what other systems hear of their orders
    ("attachments", _give_up_uploads),  # what was uploaded and served nothing
    ("disclosure", disclosure.advance),  # what residents have to be told, and who is late with it
    ("evaluations", evaluations.advance),  # who has to answer what committees say of services
    ("rates", rates.advance),  # what happens too often, from finished hours: candidates that a person admits
    ("handovers", handovers.advance),  # 110, 119, 120, 122 until they acknowledge, and what is owed upward
    ("accountability", accountability.advance),  # which breaches open a file, and what was done after all
    ("messages", messages.advance),  # what is told to people finds its way: now, later, together, over which channel
    ("indicators", rollups.advance),  # finished days are counted once; last, since it waits for nobody
)
