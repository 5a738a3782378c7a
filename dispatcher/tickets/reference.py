"""Writes the transition table as a page, docs/reference/ticket-transitions.md; a test compares the two."""

from collections.abc import Iterator

from dispatcher.tickets.grammar import Field, Row, Unit
from dispatcher.tickets.model import TERMINAL, ClockName, TicketState
from dispatcher.tickets.transitions import NOT_REACHED_YET, TRANSITIONS

_HEAD = """# Ticket transitions

The life of a call-response ticket (呼叫响应工单). This page is written from the table in
`dispatcher/tickets/transitions.py`: change the table, then run

    python -m dispatcher.tickets.reference > docs/reference/ticket-transitions.md

Every action names the version that its actor saw; on another version it is refused with the winner's name. Actions in
*italics* are lines of the timeline: they move neither state nor version. Clocks stop before others start; an end stops
all of them. `*` marks a field that must be given.
"""


def render() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Actions\n"
    yield "| action | from | to | who | rules | fields | clocks that stop | clocks that start |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in TRANSITIONS:
        yield _action(row)
    yield "\n## States\n"
    yield "| state | end | actions |"
    yield "|---|---|---|"
    for state in TicketState:
        if state in NOT_REACHED_YET:
            continue
        names = dict.fromkeys(row.event.value for row in TRANSITIONS if state in row.from_states)
        yield f"| `{state.value}` | {'yes' if state in TERMINAL else ''} | {', '.join(names)} |"
    later = ", ".join(f"`{state.value}`" for state in TicketState if state in NOT_REACHED_YET)
    yield f"\nDeclared, but not reached by any action yet: {later}."
    yield "\n## Clocks\n"
    yield "Limits are rows of `limits` (kind, clock, grade, demand); a clock without a row does not run.\n"
    yield "| clock | starts with | stops with |"
    yield "|---|---|---|"
    for clock in ClockName:
        yield _clock(clock)


def _action(row: Row) -> str:
    name = f"*{row.event.value}*" if row.entry is not None else row.event.value
    if row.when is not None:
        name += f" ({row.when.value})"
    to_state = f"`{row.to_state.value}`" if row.to_state is not None else "stays"
    rules = [*(["reason"] if row.needs_reason else []), *(f"`{guard.value}`" for guard in row.guards)]
    stops = [stop.clock.value + (" of the unit" if stop.whose is not None else "") for stop in row.stops]
    starts = [start.clock.value + (" at half the limit" if start.halved else "") for start in row.starts]
    cells = (name, _states(row), to_state, _who(row), ", ".join(rules), ", ".join(map(_field, row.fields)))
    return f"| {' | '.join((*cells, ', '.join(stops), ', '.join(starts)))} |"


def _states(row: Row) -> str:
    known = {state for state in TicketState if state not in NOT_REACHED_YET}
    if not row.from_states:
        return "(start)"
    if set(row.from_states) == known:
        return "any"
    if set(row.from_states) == known - TERMINAL:
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
    return f"| `{clock.value}` | {', '.join(starts) or '(a window, never runs)'} | {', '.join(stops)} |"


if __name__ == "__main__":
    print(render(), end="")
