"""How a row of a transition table is described by hand: a ticket, a step, what it does, and what must refuse it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dispatcher.attachments.model import AttachmentId, Cited, Likeness, PastUse, Use
from dispatcher.tickets import lifecycle
from dispatcher.tickets.evidence import Evidence
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Action, Actor, Role, Ticket, TicketState
from dispatcher.tickets.questions import Context
from dispatcher.tickets.refusing import Refused
from registry.evidence import AttachmentKind
from tests.unit.dispatcher.tickets.world import AT, CONTEXT, Step, person


@dataclass(frozen=True)
class No:
    """One change of a row's step after which this guard, and no other, refuses it."""

    guard: Guard
    complained_of: str | None = None  # A unit that a report of the ticket complains of.
    fields: Mapping[str, Any] | None = None
    actor: Actor | None = None
    ticket: Ticket | None = None
    at: datetime | None = None
    context: Context | None = None
    reason: str | None = "理由"


@dataclass(frozen=True)
class Row:
    """One row of the procedures, written without a look at the table.

    `who`: every role that may, in words. `starts`, `stops`: clocks; an end stops all of them, so it names none.
    """

    id: str
    ticket: Ticket
    step: Step
    to: TicketState
    who: str
    starts: str = ""
    stops: str = ""
    no: tuple[No, ...] = ()
    needs_reason: bool = False
    line: bool = False
    at: datetime = AT
    context: Context = field(default=CONTEXT)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(Role(name) for name in self.who.split())

    def tried(self, change: No | None = None, *, actor: Actor | None = None) -> lifecycle.Decided | Refused:
        """What becomes of the step, with a change."""
        event, own, fields = self.step
        no = change or No(Guard.ONE_LEAD)
        ticket = no.ticket or self.ticket
        if no.complained_of is not None:
            ticket = replace(ticket, complained_of=frozenset({no.complained_of}))
        action = Action(event, self.ticket.version, no.reason, fields if no.fields is None else no.fields)
        return lifecycle.decide(ticket, action, actor or no.actor or own, no.at or self.at, no.context or self.context)

    def of_role(self, role: Role) -> Actor:
        """Somebody of this role in the unit of who takes the step."""
        return person(role, self.step[1].organisation_id)


PAST = PastUse(1, Use("ticket", 99, "resolve", 5, finishing=True), AT, Likeness.SAME)


def shown(actor: Actor, *uses: PastUse, needed: int = 0, fallen: tuple[PastUse, ...] = ()) -> Context:
    """A world in which photo 7 is the actor's own and served before as said."""
    photo = Cited(AttachmentId(7), b"7", AttachmentKind.PHOTO, actor.id, actor.organisation_id, uses=uses)
    return replace(CONTEXT, evidence=Evidence(cited={7: photo}, photos_needed=needed, fallen=fallen))


def cites(step: Step) -> tuple[No, ...]:
    """A photo that nobody uploaded is not named."""
    return (No(Guard.ATTACHMENT_KNOWN, fields=step[2] | {"attachments": [8]}),)


def proves(step: Step) -> tuple[No, ...]:
    """Nor is one that served before; and where one is asked for there has to be one."""
    _, actor, fields = step
    return (
        *cites(step),
        No(Guard.PHOTO_NOT_REUSED, fields=fields | {"attachments": [7]}, context=shown(actor, PAST)),
        No(Guard.PHOTOS_SUFFICIENT, fields=fields | {"attachments": []}, context=shown(actor, needed=1)),
    )


def stands(step: Step) -> No:
    """What the newest result showed turned up elsewhere since."""
    return No(Guard.EVIDENCE_STANDS, context=shown(step[1], fallen=(PAST,)))


def named(step: Step, name: str, *, lead: bool = False) -> tuple[No, ...]:
    """Units that are named exist and are no committee; a lead does not assist itself and is not complained of."""
    fields = step[2]

    def unit(one: str) -> Mapping[str, Any]:
        return fields | {name: [one] if name == "co" else one}

    own = (No(Guard.ONE_LEAD, fields=fields | {"co": [fields["lead"]]}),) if lead and "co" in fields else ()
    accused = (No(Guard.LEAD_NOT_COMPLAINED_OF, complained_of=str(fields["lead"])),) if name == "lead" else ()
    known = No(Guard.KNOWN_ORGANISATION, fields=unit("nobody"))
    return (known, No(Guard.ART45, fields=unit("committee-qs")), *own, *accused)


def outside(role: Role, unit: str = "fire") -> No:
    """Who checks and calls back is of no unit that handled it."""
    return No(Guard.NOT_OF_HANDLING_UNIT, actor=person(role, unit))
