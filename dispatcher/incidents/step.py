"""One step of the dispatcher: what the stages share while one transaction moves the system on."""

from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime

from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.model import IncidentChange
from dispatcher.rules.rulebook import Rulebook
from events.model import Event
from runtime.pool import Connection


@dataclass(slots=True)
class Step:
    """Built by the engine; every stage reads what earlier stages left and adds its own."""

    conn: Connection
    at: datetime  # the domain's time of the whole step
    epoch: int  # of the leadership that fences the step
    rulebook: Rulebook
    events: list[Event]  # what was read past the cursor, in log order, ticks included
    kernels: Executor  # one thread: the kernels release the interpreter, but not for each other
    memory: Memory  # the open incidents; thrown away when the transaction fails
    replaced: Rulebook | None = None  # the first event is a change of rules: until here these were in force
    incidents: list[IncidentChange] = field(default_factory=list)
    closed: list[LiveIncident] = field(default_factory=list)  # became final in this step: memory knows them no more
    risen: set[bytes] = field(default_factory=set)  # events that were noise and are in an incident from this step on

    @property
    def takeover(self) -> bool:
        """Whether `rulebook` and `memory` are new ones, that begin here."""
        return self.replaced is not None


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a stage did: for the log and the metrics."""

    taken: int
    written: int
