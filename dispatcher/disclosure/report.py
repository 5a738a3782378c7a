"""Builds what residents read of a matter, by its level: nothing stands in it that its level does not name. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from dispatcher.disclosure.model import MatterOutcome
from registry.calendar import day_of
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment

FEWEST: Final = 5
"""Counts of fewer matters are told as fewer than this, so that nobody finds himself in a number. Project default."""


@dataclass(frozen=True, slots=True)
class Names:
    """What something is called in both languages."""

    zh: str
    en: str

    def as_json(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Returned:
    """A unit that said a matter is not its own, and the legal basis that it named."""

    unit: Names
    basis: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """What is known of a ticket without a word of anybody."""

    kind: Names
    kind_group: Names
    opened_at: datetime
    closed_at: datetime | None
    lead: Names | None  # Who has it now.
    co_units: tuple[Names, ...]
    returned: tuple[Returned, ...]  # Who had it, said that it is not its own, and was right or was relieved.


@dataclass(frozen=True, slots=True)
class Count:
    """How many matters of one item and group of kinds a month had, or of one reason for telling nothing."""

    item: DisclosureItem
    kind_group: Names
    tickets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a disclosure consists of before its level is applied; `title` and `text` are redacted."""

    item: DisclosureItem
    moment: DisclosureMoment
    level: DisclosureLevel
    publisher: Names
    street: Names
    title: str
    text: str
    outcome: MatterOutcome | None = None
    month: date | None = None
    facts: TicketFacts | None = None
    counts: Sequence[Count] = ()


def public_body(draft: Draft) -> dict[str, Any]:
    """The JSON that is published; an empty one for `never`."""
    if draft.level is DisclosureLevel.NEVER:
        return {}
    shown: dict[str, Any] = {
        "level": draft.level.value,
        "item": draft.item.value,
        "moment": draft.moment.value,
        "publisher": draft.publisher.as_json(),
        "street": draft.street.as_json(),
    }
    match draft.level:
        case DisclosureLevel.PRESENCE_ONLY:
            return shown | _presence(draft.facts)
        case DisclosureLevel.STATISTICS:
            month = None if draft.month is None else f"{draft.month:%Y-%m}"
            return shown | {"title": draft.title, "month": month, "counts": [_count(each) for each in draft.counts]}
        case _:
            outcome = None if draft.outcome is None else draft.outcome.value
            told = shown | {"title": draft.title, "text": draft.text, "outcome": outcome}
            return told | _whole(draft.facts)


def _presence(facts: TicketFacts | None) -> dict[str, Any]:
    if facts is None:
        return {}
    return {"kind_group": facts.kind_group.as_json(), "opened_on": _day(facts.opened_at)}


def _whole(facts: TicketFacts | None) -> dict[str, Any]:
    if facts is None:
        return {}
    return {
        "kind": facts.kind.as_json(),
        "kind_group": facts.kind_group.as_json(),
        "opened_on": _day(facts.opened_at),
        "closed_on": None if facts.closed_at is None else _day(facts.closed_at),
        "lead": None if facts.lead is None else facts.lead.as_json(),
        "co_units": [unit.as_json() for unit in facts.co_units],
        "returned": [_returned(each, facts.lead) for each in facts.returned],
    }


def _returned(each: Returned, lead: Names | None) -> Mapping[str, Any]:
    """Which unit said that it is not responsible, on what basis, and who has it now: never one without the other."""
    return {
        "unit": each.unit.as_json(),
        "basis": each.basis,
        "now_with": None if lead is None else lead.as_json(),
    }


def _count(count: Count) -> dict[str, Any]:
    few = count.tickets < FEWEST
    return {
        "item": count.item.value,
        "kind_group": count.kind_group.as_json(),
        "tickets": None if few else count.tickets,
        "fewer_than": FEWEST if few else None,
    }


def _day(at: datetime) -> str:
    return day_of(at).isoformat()
