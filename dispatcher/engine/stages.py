"""The dispatcher on one screen: what happens to every batch of the log, in this order, in one transaction."""

from collections.abc import Awaitable, Callable
from typing import Final

from dispatcher.escalation import stage as escalation
from dispatcher.incidents import stage as incidents
from dispatcher.incidents.step import Advanced, Step
from dispatcher.patterns import stage as patterns
from dispatcher.rates import stage as rates
from dispatcher.tickets import stage as tickets

Stage = Callable[[Step], Awaitable[Advanced]]

# Correlation and risk are pure and are asked by the incidents stage; the outbox is written by whoever causes a message.
STAGES: Final[tuple[tuple[str, Stage], ...]] = (
    ("recall", patterns.recall),  # the events that patterns may still need, before anything is written
    ("incidents", incidents.advance),  # correlation -> risk -> incidents
    ("patterns", patterns.advance),  # what happened together is one case
    ("tickets", tickets.advance),  # who must do what
    ("announcements", incidents.announce),  # the stream tells of incidents with the tickets they led to
    ("escalation", escalation.advance),  # by when, and who hears of it otherwise
    ("rates", rates.advance),  # what happens too often, from finished hours: candidates that a person admits
)
