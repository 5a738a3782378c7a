"""Backtests: the record of a span under two versions of the rules."""

from datetime import datetime

from pydantic import Field

from dispatcher.api.models.rules import VersionNumber
from dispatcher.api.models.trials import TrialAnswer, TrialDifference, TrialLimit, TrialRules
from dispatcher.api.models.wire import Answer, Ask, Instant, Paged
from dispatcher.backtests.jobs import BacktestState


class NewBacktest(Ask):
    version: VersionNumber = Field(description="the rules on trial")
    against: VersionNumber | None = Field(default=None, description="the version in force where none is named")
    from_at: Instant = Field(description="what was received from here on", strict=False)
    to_at: Instant = Field(description="and before", strict=False)


class BacktestList(Paged):
    pass


class Backtest(Answer):
    id: int
    version: int
    against: int
    from_at: datetime
    to_at: datetime
    requested_at: datetime
    requested_by: str
    state: BacktestState
    taken: int = Field(description="events so far, over both runs")
    total: int | None
    failure: str | None


class BacktestResult(TrialAnswer):
    before: TrialRules
    after: TrialRules
    events: int = Field(description="in the span, ticks included")
    cannot: list[TrialLimit] = Field(description="what the trial could not rebuild")
    difference: TrialDifference


class BacktestDetail(Backtest):
    result: BacktestResult | None


class Backtests(Answer):
    items: list[Backtest]
    next: str | None
