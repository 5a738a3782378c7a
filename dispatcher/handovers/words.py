"""The words of handovers: emergency numbers, how far a call has come, the steps of paging, the parts of a report."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class EmergencyNumber(StrEnum):
    """Equal to the SQL enum `emergency_number`."""

    POLICE = "110"  # 公安
    FIRE = "119"  # 消防
    AMBULANCE = "120"  # 急救
    TRAFFIC = "122"  # 交警


class EmergencyState(StrEnum):
    """Equal to the SQL enum `emergency_state`; what a service may say is every word but the first."""

    CALLED = "called"  # 已呼叫: nobody has acknowledged.
    ACKNOWLEDGED = "acknowledged"  # 已接警
    EN_ROUTE = "en_route"  # 已出动
    ON_SCENE = "on_scene"  # 已到场
    CONTROLLED = "controlled"  # 已控制
    CLOSED = "closed"  # 已结束
    DECLINED = "declined"  # 不出警: the desk has to look for somebody else.


RANK: Final[Mapping[EmergencyState, int]] = {
    EmergencyState.CALLED: 0,
    EmergencyState.ACKNOWLEDGED: 1,
    EmergencyState.EN_ROUTE: 2,
    EmergencyState.ON_SCENE: 3,
    EmergencyState.CONTROLLED: 4,
    EmergencyState.CLOSED: 5,
    EmergencyState.DECLINED: 5,
}
"""A service goes forwards: what is told out of order is kept and moves nothing back."""


class HandoverAction(StrEnum):
    """What a step of paging does; equal to the SQL enum `handover_action`."""

    PAGE = "page"  # The service is told.
    REPAGE = "repage"  # It has not acknowledged: it is told again, and the desk gets an alarm.
    DESK = "desk"  # The desk telephones.
    LEADER = "leader"  # The supervisors of the place are told.


class UpwardPart(StrEnum):
    """Equal to the SQL enum `upward_part`."""

    FIRST = "first"  # 首报
    FOLLOW_UP = "follow_up"  # 续报
    FINAL = "final"  # 终报


class UpwardState(StrEnum):
    """Equal to the SQL enum `upward_state`."""

    DRAFT = "draft"  # 拟稿: written from the incident; anybody of the desk may mend it.
    APPROVED = "approved"  # 已审核 by a second person
    SENT = "sent"  # 已报送
    RECEIVED = "received"  # 已收悉, with the receipt
    CANCELLED = "cancelled"  # 撤销: no report is owed


class Deed(StrEnum):
    """What the record of a ticket calls for here; the triggers of the migration write these words."""

    DISPATCH = "dispatch"  # The services that its kind needs are called.
    LIFE_DANGER = "life_danger"  # So they are where a caller says that a life is in danger, before anybody dispatches.
    ACCEPT = "accept"  # A first report may be owed.
    GRADE = "grade"  # A graver grade shortens what is owed.
    INJURED = "injured"  # Casualties changed: a follow-up is owed at once.
    CLOSED = "closed"  # A final report is owed.
    VOIDED = "voided"  # Nothing is owed any more.
