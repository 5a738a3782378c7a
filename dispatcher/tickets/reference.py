"""Writes the transition tables as a page, docs/reference/ticket-transitions.md; a test compares the two."""

from collections.abc import Iterator

from dispatcher.tickets.grammar import Field, Row, Unit
from dispatcher.tickets.model import TERMINAL, ClockName, TicketKind, TicketState
from dispatcher.tickets.subtasks import SUBTASK_MOVES
from dispatcher.tickets.transitions import STATES, TABLES, TRANSITIONS

_HEAD = """# Ticket transitions

The lives of call-response tickets (呼叫响应工单) and of joint rectifications (协同整治工单). This page is
written from the tables in `dispatcher/tickets/tables/`: change a table, then run

    python -m dispatcher.tickets.reference > docs/reference/ticket-transitions.md

Every action names the version that its actor saw; on another version it is refused with the winner's name. Actions in
*italics* are lines of the timeline: they move neither state nor version. Clocks stop before others start; an end stops
all of them. `*` marks a field that must be given. A joint rectification has its hazard level where call-response has
its grade.
"""
_TITLES = {
    TicketKind.CALL_RESPONSE: "Call-response (呼叫响应)",
    TicketKind.JOINT_RECTIFICATION: "Joint rectification (协同整治)",
}


def render() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    for kind, table in TABLES.items():
        yield f"## {_TITLES[kind]}\n"
        yield "### Actions\n"
        yield "| action | from | to | who | rules | fields | clocks that stop | clocks that start |"
        yield "|---|---|---|---|---|---|---|---|"
        for row in table:
            yield _action(row, STATES[kind])
        yield "\n### States\n"
        yield "| state | end | actions |"
        yield "|---|---|---|"
        for state in TicketState:
            if state in STATES[kind]:
                names = dict.fromkeys(row.event.value for row in table if state in row.from_states)
                yield f"| `{state.value}` | {'yes' if state in TERMINAL else ''} | {', '.join(names)} |"
        yield ""
    yield "## Sub-tasks (子任务)\n"
    yield "| action | from | to |"
    yield "|---|---|---|"
    for event, move in SUBTASK_MOVES.items():
        states = ", ".join(f"`{state.value}`" for state in move.from_states)
        yield f"| {event.value} | {states} | `{move.to_state.value}` |"
    yield "\n## Clocks\n"
    yield "Limits are rows of `limits` (kind, clock, grade, condition); a clock without a row does not run."
    yield "A window never runs.\n"
    yield "| clock | starts with | stops with |"
    yield "|---|---|---|"
    for clock in ClockName:
        yield _clock(clock)


def _action(row: Row, known: tuple[TicketState, ...]) -> str:
    name = f"*{row.event.value}*" if row.entry is not None else row.event.value
    if row.when is not None:
        name += f" ({row.when.value})"
    to_state = f"`{row.to_state.value}`" if row.to_state is not None else "as before" if row.goes_back else "stays"
    rules = [*(["reason"] if row.needs_reason else []), *(f"`{guard.value}`" for guard in row.guards)]
    stops = [stop.clock.value + (" of the unit" if stop.whose is not None else "") for stop in row.stops]
    starts = [start.clock.value + (" at half the limit" if start.halved else "") for start in row.starts]
    cells = (name, _states(row, known), to_state, _who(row), ", ".join(rules), ", ".join(map(_field, row.fields)))
    return f"| {' | '.join((*cells, ', '.join(stops), ', '.join(starts)))} |"


def _states(row: Row, known: tuple[TicketState, ...]) -> str:
    if not row.from_states:
        return "(start)"
    if set(row.from_states) == set(known):
        return "any"
    if set(row.from_states) == set(known) - TERMINAL:
        return "any that is no end"
    return ", ".join(f"`{state.value}`" for state in row.from_states)


def _who(row: Row) -> str:
    units = {None: "", Unit.LEAD: " of the lead", Unit.CO: " of a co-unit", Unit.ASSIGNED: " of an assigned unit"}
    people = [", ".join(role.value for role in row.roles) + units[row.unit]] if row.roles else []
    return "; ".join([*people, *(["the platform's rules"] if row.by_rule else [])])


def _field(field: Field) -> str:
    choices = f" ({', '.join(field.choices)})" if field.choices else ""
    return f"{field.name}{'*' if field.required else ''}{choices}"


def _clock(clock: ClockName) -> str:
    starts = dict.fromkeys(row.event.value for row in TRANSITIONS if any(each.clock is clock for each in row.starts))
    stops = dict.fromkeys(row.event.value for row in TRANSITIONS if any(each.clock is clock for each in row.stops))
    begun = "supervision order of the ladder" if clock is ClockName.REPLY else "(a window)"
    return f"| `{clock.value}` | {', '.join(starts) or begun} | {', '.join(stops)} |"


if __name__ == "__main__":
    print(render(), end="")
