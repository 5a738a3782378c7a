"""The small table of sub-tasks: which move leads where, and what stands in its way. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dispatcher.tickets.model import SubtaskState, TicketEvent

_S: Final = SubtaskState


@dataclass(frozen=True, slots=True)
class Move:
    """One row: from where, to where."""

    from_states: tuple[SubtaskState, ...]
    to_state: SubtaskState


SUBTASK_MOVES: Final[Mapping[TicketEvent, Move]] = {
    TicketEvent.SUBTASK_SIGN: Move((_S.ASSIGNED,), _S.ACKNOWLEDGED),
    TicketEvent.SUBTASK_START: Move((_S.ACKNOWLEDGED, _S.BLOCKED), _S.WORKING),
    TicketEvent.SUBTASK_DONE: Move((_S.WORKING,), _S.DONE),
    TicketEvent.SUBTASK_CHECK: Move((_S.DONE,), _S.CHECKED),
    TicketEvent.SUBTASK_REDO: Move((_S.DONE,), _S.WORKING),
    TicketEvent.SUBTASK_RETURN: Move((_S.ASSIGNED, _S.ACKNOWLEDGED), _S.RETURNED),
    TicketEvent.SUBTASK_REASSIGN: Move((_S.RETURNED,), _S.ASSIGNED),
    TicketEvent.SUBTASK_BLOCK: Move((_S.WORKING,), _S.BLOCKED),
    TicketEvent.SUBTASK_WAIVE: Move(
        (_S.ASSIGNED, _S.ACKNOWLEDGED, _S.WORKING, _S.DONE, _S.RETURNED, _S.BLOCKED), _S.WAIVED
    ),
}
FINISHED: Final = frozenset({_S.DONE, _S.CHECKED, _S.WAIVED})
"""What a successor may build on."""
