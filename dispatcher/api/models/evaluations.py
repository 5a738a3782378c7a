"""What is asked and told of evaluations and assessments (Art. 46); who is assessed is told less."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.api.models.admission import Day, RecordLine
from dispatcher.api.models.wire import Answer, Ask, Filter, OrganisationId, Paged, Passage
from dispatcher.evaluations.model import (
    AssessmentState,
    EvaluationClock,
    EvaluationState,
    EvaluationSubject,
    EvaluationVerdict,
    HearingForm,
)

Score = Annotated[int, Field(ge=1, le=5, description="5 very satisfied, 1 very dissatisfied")]
_FormOf = Annotated[HearingForm, Field(strict=False)]


class EvaluationFilter(Paged):
    state: EvaluationState | None = None
    unit: OrganisationId | None = Field(default=None, description="the unit that is assessed")


class NewEvaluation(Ask):
    subject: Annotated[EvaluationSubject, Field(strict=False)]
    unit: OrganisationId = Field(description="whose service is evaluated")
    authority: OrganisationId = Field(description="the department in charge, which replies; never the unit itself")
    period_from: Day
    period_to: Day
    form: _FormOf
    summary: Passage


class Evaluation(Answer):
    """To the assessed unit, committee, form, words and the times that tell who it was are null."""

    id: int
    number: str
    committee_id: str | None
    subject: EvaluationSubject
    subject_organisation_id: str
    authority_organisation_id: str
    period_from: date
    period_to: date
    form: HearingForm | None
    summary: str | None
    state: EvaluationState
    version: int
    reply: str | None
    measures: str | None
    measures_done_at: datetime | None
    verdict: EvaluationVerdict | None
    reopened: bool
    escalated_at: datetime | None
    opened_at: datetime | None
    submitted_at: datetime | None
    delivered_at: datetime | None
    replied_at: datetime | None
    closed_at: datetime | None
    actions: list[str] = Field(description="what the caller may do with it now")


class Evaluations(Answer):
    items: list[Evaluation]
    next: str | None


class EvaluationFigures(Answer):
    too_few: bool = Field(description="below the minimum group: no figure is told")
    opinions: int | None
    committees: int | None
    mean_score: float | None
    satisfied_share: float | None = Field(description="share of scores 4 and 5")


class EvaluationTime(Answer):
    clock: EvaluationClock
    run: int
    started_at: datetime
    due_at: datetime
    remind_at: datetime
    breached_at: datetime | None
    stopped_at: datetime | None
    explanation: dict[str, Any]


class Opinion(Answer):
    number: int
    score: int
    text: str | None
    given_at: datetime


class EvaluationDetail(Evaluation):
    figures: EvaluationFigures
    opinions: list[Opinion] = Field(description="single ones: for the committee alone")
    clocks: list[EvaluationTime]
    records: list[RecordLine]


class NewOpinion(Ask):
    score: Score
    text: Passage | None = Field(default=None, description="without a name: nobody asks who said it")


class SumFilter(Filter):
    unit: OrganisationId | None = None


class EvaluationSum(EvaluationFigures):
    """Residents' satisfaction with a unit in a period: an input of its own, never averaged with committees' opinion."""

    subject: EvaluationSubject
    subject_organisation_id: str
    authority_organisation_id: str
    period_from: date
    period_to: date


class EvaluationSums(Answer):
    items: list[EvaluationSum]


class NewAssessment(Ask):
    unit: OrganisationId
    period_from: Day
    period_to: Day


class Assessment(Answer):
    """Which committees were heard in which form is in the detail, and never told to the unit."""

    id: int
    number: str
    unit_organisation_id: str
    period_from: date
    period_to: date
    state: AssessmentState
    version: int
    opened_at: datetime
    concluded_at: datetime | None
    conclusion: str | None
    forms: list[HearingForm]
    too_few: bool
    committees: int | None
    mean_score: float | None = Field(description="committees' opinion: an input of its own")


class Assessments(Answer):
    items: list[Assessment]
    next: str | None


class HeardCommittee(Answer):
    committee_id: str
    form: HearingForm
    score: int
    opinion: str
    heard_at: datetime


class AssessmentDetail(Assessment):
    hearings: list[HeardCommittee]
    late_replies: int = Field(description="replies to committees' evaluations that came late in the period")
    late_measures: int = Field(description="measures promised to committees that came late in the period")


class NewHearing(Ask):
    committee: OrganisationId
    form: _FormOf
    score: Score
    opinion: Passage


class Conclusion(Ask):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    conclusion: Passage
