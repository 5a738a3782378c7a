"""What is asked and told at the hotline's desk: call-backs, re-checks, legal bases, the knowledge base."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from dispatcher.api.models.admission import Day
from dispatcher.api.models.hotline import Demand
from dispatcher.api.models.wire import Answer, Ask, Filter, KindId, Line, Paged, Passage, RowId
from dispatcher.desk.callbacks import CallbackResult
from dispatcher.desk.re_checks import ReCheckCause, ReCheckResult

Satisfaction = Annotated[int, Field(ge=1, le=5, description="1 very dissatisfied to 5 very satisfied")]
TRIES = ("no_answer", "busy", "switched_off", "hung_up")


class CallbackFilter(Paged):
    mine: bool | None = Field(default=None, description="true: what I took; false: what nobody took")


class WaitingCallback(Answer):
    """A reporter who waits for a call, without saying who it is."""

    call_id: int
    ticket_id: int
    number: str | None
    kind: str
    kind_zh: str
    kind_en: str
    grade: int
    area_id: str | None
    received_at: datetime
    must_call: bool = Field(description="asked for a call, or was harmed")
    attempts: list[datetime] = Field(description="calls that reached nobody")
    due_at: datetime | None
    next_try_at: datetime | None = Field(description="null: at once")
    callback_id: int | None = Field(description="of the one who took it")


class WaitingCallbacks(Answer):
    items: list[WaitingCallback]
    next: str | None


class TakeAsk(Ask):
    call_id: RowId


class Callback(Answer):
    """A call-back that somebody took."""

    id: int
    call_id: int
    ticket_id: int
    number: str | None
    kind: str
    kind_zh: str
    kind_en: str
    grade: int
    area_id: str | None
    state: str = Field(description="of the ticket")
    received_at: datetime
    text: str = Field(description="what was reported, numbers masked")
    agent_id: int
    taken_at: datetime
    must_call: bool
    attempts: list[datetime]
    next_try_at: datetime | None
    due_at: datetime | None
    result: CallbackResult | None
    satisfaction: int | None
    words: str | None
    ended_at: datetime | None


class Caller(Answer):
    """Whom to call. Every time it is shown is recorded."""

    caller_name: str | None
    caller_phone: str | None
    supplements: list[str] = Field(description="what was said later of who it is")


class TryAsk(Ask):
    result_of_try: Annotated[str, StringConstraints(pattern=f"^({'|'.join(TRIES)})$")]


class ResultAsk(Ask):
    result: Annotated[CallbackResult, Field(strict=False)]
    satisfaction: Satisfaction | None = None
    words: Passage | None = None
    rework: bool = Field(default=False, description="not solved, and the reason is the unit's: it goes back")


class ReCheckFilter(Paged):
    open: bool | None = Field(default=None, description="true: what still waits")


class ReCheck(Answer):
    """A decision that the sample holds."""

    id: int
    ticket_id: int
    number: str | None
    kind: str
    cause: ReCheckCause
    at: datetime
    reason: str | None
    code: str | None
    was: int | None = Field(description="the grade before a downgrade")
    grade: int | None
    organisation_id: str | None = Field(description="whose decision it was")
    one_in: int = Field(description="the rate of the draw")
    result: ReCheckResult | None
    words: str | None
    checked_at: datetime | None
    checker_organisation_id: str | None


class ReChecks(Answer):
    items: list[ReCheck]
    next: str | None


class ReCheckAsk(Ask):
    result: Annotated[ReCheckResult, Field(strict=False)]
    words: Passage


class RefusalBasis(Answer):
    code: str
    refusal: str = Field(description="the reason that it supports")
    zh_text: str
    en_text: str
    source: str
    valid_from: date


class RefusalBases(Answer):
    items: list[RefusalBasis]


ArticleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]


class ArticlePath(Filter):
    article: ArticleId


class VersionPath(ArticlePath):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class ArticleFilter(Filter):
    q: Annotated[str | None, Field(max_length=400, description="what the caller asks, in their words")] = None
    kind: KindId | None = None
    demand: Demand | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class NewArticleVersion(Ask):
    kind: KindId | None = None
    demand: Annotated[Demand | None, Field(strict=False)] = None
    zh_title: Line
    en_title: Line
    zh_text: Passage
    en_text: Passage
    source: Line
    valid_from: Day
    valid_until: Day | None = None


class VersionEnd(Ask):
    last_day: Day


class ArticleVersion(Answer):
    id: str
    version: int
    kind: str | None
    demand: Demand | None
    zh_title: str
    en_title: str
    zh_text: str
    en_text: str
    source: str
    valid_from: date
    valid_until: date | None
    published_at: datetime


class ArticleVersions(Answer):
    items: list[ArticleVersion]
