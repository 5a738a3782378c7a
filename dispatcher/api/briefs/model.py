"""A brief as plain parts that any format can show, and the figures that it is composed of. Pure and frozen."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dispatcher.indicators.model import Figure


class BriefPeriod(StrEnum):
    """What a brief tells of."""

    DAILY = "daily"  # 日报: one day of China.
    WEEKLY = "weekly"  # 周报: seven days, ending with the day named.


DAYS = {BriefPeriod.DAILY: 1, BriefPeriod.WEEKLY: 7}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happened in a span of days."""

    incidents_by_grade: dict[int, int] = field(default_factory=dict)
    tickets_opened: int = 0
    tickets_closed: int = 0
    breaches: int = 0


@dataclass(frozen=True, slots=True)
class KindCount:
    """A kind and how often it happened."""

    zh_name: str
    en_name: str
    incidents: int
    before: int  # In the span of the same length before.


@dataclass(frozen=True, slots=True)
class OverdueTicket:
    """An open ticket whose clock has run down."""

    number: str
    zh_kind: str
    en_kind: str
    place: str
    lead: str
    grade: int
    overdue_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefFigures:
    """Everything that a brief is composed of."""

    period: BriefPeriod
    since: date
    until: date  # The day behind the last.
    area: str
    now: Counts
    before: Counts  # In the span of the same length before.
    open_tickets: int
    overdue_tickets: int
    kinds: tuple[KindCount, ...] = ()
    overdue: tuple[OverdueTicket, ...] = ()
    indicators: tuple[tuple[str, Figure, Figure], ...] = ()  # Id, this span, the one before.


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its head, and rows as wide as it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Part = Heading | Paragraph | Grid


@dataclass(frozen=True, slots=True)
class Brief:
    """The document."""

    title: str
    subtitle: str
    parts: tuple[Part, ...]
