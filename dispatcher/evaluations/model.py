"""The words of evaluations and assessments, and from how many on a number is told to whom it is about. Pure."""

from enum import StrEnum
from typing import Final

MINIMUM_OPINIONS: Final = 5
MINIMUM_COMMITTEES: Final = 3
"""Below these a unit learns no figure of its own: nobody is to find himself in it. Project defaults."""


class Subject(StrEnum):
    """What errors and the api call them."""

    EVALUATION = "evaluation"
    ASSESSMENT = "organ_assessment"


class EvaluationSubject(StrEnum):
    """Which service is evaluated (Art. 46 para 2), or an organ (para 1); equal to the SQL enum `evaluation_subject`."""

    WATER = "water"  # 供水
    POWER = "power"  # 供电
    GAS = "gas"  # 供气
    SANITATION = "sanitation"  # 环境卫生
    GREENING = "greening"  # 园林绿化
    OTHER_UTILITY = "other_utility"  # 其他公共服务
    ADMINISTRATIVE_ORGAN = "administrative_organ"  # 行政机关及其工作人员


class EvaluationState(StrEnum):
    """Equal to the SQL enum `evaluation_state`."""

    DRAFT = "draft"  # 草拟: with the committee
    SUBMITTED = "submitted"  # 已提交
    DELIVERED = "delivered"  # 已送达: the reply is due
    OVERDUE = "overdue"  # 逾期未回应
    REPLIED = "replied"  # 已回应
    ASSESSED = "assessed"  # 已评价: the committee said whether the reply is enough
    CLOSED = "closed"  # 已办结


class EvaluationVerdict(StrEnum):
    """What the committee says to the reply; equal to the SQL enum `evaluation_verdict`."""

    ACCEPTED = "accepted"  # 认可
    NOT_ENOUGH = "not_enough"  # 不认可


class HearingForm(StrEnum):
    """In which form somebody was heard; equal to the SQL enum `hearing_form`."""

    QUESTIONNAIRE = "questionnaire"  # 问卷
    SYMPOSIUM = "symposium"  # 座谈会
    VISIT = "visit"  # 走访
    ONLINE = "online"  # 网上评议
    WRITTEN = "written"  # 书面意见


class AssessmentState(StrEnum):
    """Equal to the SQL enum `assessment_state`."""

    HEARING = "hearing"  # 听取意见
    CONCLUDED = "concluded"  # 已形成结论


class EvaluationClock(StrEnum):
    """The clocks of an authority, as the rows of `limits` name them."""

    REPLY = "e_reply"  # 回应时限
    MEASURES = "e_measures"  # 整改时限: of what the authority promised
