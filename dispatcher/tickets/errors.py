"""Why a ticket could not be changed; the fields are what the caller shows."""

from datetime import datetime

from dispatcher.tickets.model import TicketEvent, TicketId, TicketState
from dispatcher.tickets.refusing import Refused


class TicketNotFound(LookupError):
    """No ticket has this id."""

    def __init__(self, ticket_id: int) -> None:
        super().__init__(f"there is no ticket {ticket_id}")
        self.ticket_id = ticket_id


class VersionConflict(Exception):
    """Somebody changed the ticket first: it has `version` and `state` now, and `actor_name` did `event` at `at`."""

    def __init__(
        self,
        ticket_id: TicketId,
        *,
        version: int,
        state: TicketState,
        actor_name: str,
        event: TicketEvent,
        at: datetime,
    ) -> None:
        super().__init__(f"ticket {ticket_id} is at version {version} since {event.value} by {actor_name}")
        self.ticket_id = ticket_id
        self.version = version
        self.state = state
        self.actor_name = actor_name
        self.event = event
        self.at = at


class ActionRefused(Exception):
    """The rules do not allow the action; `refused` says why."""

    def __init__(self, ticket_id: TicketId, refused: Refused) -> None:
        super().__init__(f"{refused.event.value} of ticket {ticket_id} refused: {refused.guard or refused.reason}")
        self.ticket_id = ticket_id
        self.refused = refused
