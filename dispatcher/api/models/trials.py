"""What other rules make of the same events, as dry runs and backtests tell it; see docs/reference/rules.md."""

from datetime import datetime

from pydantic import ConfigDict, Field

from dispatcher.api.models.wire import Answer
from dispatcher.backtests.comparison import Divergence
from dispatcher.backtests.trial import Cannot


class TrialAnswer(Answer):
    # With the mode overridden pydantic 2.14 loses a model that one parent names twice, as `before` and `after` are.
    model_config = ConfigDict(json_schema_mode_override=None)


class TrialRules(TrialAnswer):
    version: int | None = Field(description="null for a document that is kept nowhere")
    sha256: str


class TrialLimit(TrialAnswer):
    code: Cannot
    zh: str
    en: str


class TrialTotals(TrialAnswer):
    """One side of the comparison."""

    incidents: int
    events: int
    largest: int = Field(description="events of the largest incident")
    cases: int | None = Field(default=None, description="incidents that patterns joined are one; null in old results")
    by_grade: dict[str, int]
    tickets: dict[str, int] = Field(description="tickets by the reason to open them")


class TrialKind(TrialAnswer):
    """The incidents of one kind on both sides, and the places of the comparison by outcome."""

    kind: str
    before: int
    after: int
    tickets_before: int
    tickets_after: int
    graver: int
    milder: int
    joined: int = 0
    parted: int = 0
    changed: int
    merged: int
    split: int
    regrouped: int
    opened: int
    vanished: int


class TrialTickets(TrialAnswer):
    added: int
    dropped: int


class TrialIncident(TrialAnswer):
    key: str
    number: str | None = Field(description="of the live system, where it has such an incident")
    kind: str
    grade: int
    events: int
    first_at: datetime
    place: str | None
    area_id: str | None
    late: bool
    ticket: str | None = Field(description="why a ticket would be opened")


class TrialExample(TrialAnswer):
    """One place of the comparison: the incidents of both sides that share events."""

    outcome: Divergence
    tickets: int = Field(description="more tickets than before, or fewer")
    before: list[TrialIncident]
    after: list[TrialIncident]


class TrialDifference(TrialAnswer):
    before: TrialTotals
    after: TrialTotals
    outcomes: dict[Divergence, int]
    is_empty: bool
    by_kind: list[TrialKind]
    tickets: TrialTickets
    examples: list[TrialExample]
    ticket_examples: list[TrialExample]
