"""The closed lists of words that a ticket is told with; each equals its list in the database and in the console."""

from enum import StrEnum
from typing import Final


class TicketKind(StrEnum):
    """Equal to the SQL enum `ticket_kind`."""

    CALL_RESPONSE = "call_response"  # 呼叫响应: one demand or one incident.
    JOINT_RECTIFICATION = "joint_rectification"  # 协同整治: one cause, several departments.


class TicketState(StrEnum):
    """Equal to the SQL enum `ticket_state`; first those of call-response, then what joint rectification adds."""

    NEW = "new"  # 待受理: from an incident or a report, not yet judged.
    VERIFYING_FACT = "verifying_fact"  # 待核实: confirmation was asked for.
    NOT_ACCEPTED = "not_accepted"  # 不予受理: coded reason, legal basis, notice to the reporter.
    ANSWERED = "answered"  # 当场答复: a consultation answered at once.
    MERGED = "merged"  # 已并案: pointer to the surviving ticket.
    ACCEPTED = "accepted"  # 已受理(立案): graded, numbered, clocks running.
    DISPATCHED = "dispatched"  # 已派遣: lead and co-units set, waiting for signatures.
    ACKNOWLEDGED = "acknowledged"  # 已签收: the lead signed.
    RETURN_REQUESTED = "return_requested"  # 退单申请: a unit says that it is not its matter.
    ARBITRATION = "arbitration"  # 争议裁定: the subdistrict, then the supervisor decides.
    EN_ROUTE = "en_route"  # 赶赴现场
    ON_SCENE = "on_scene"  # 已到场
    CONTROLLED = "controlled"  # 已控制(排险): the danger is removed, repair may follow.
    SUSPENDED = "suspended"  # 挂账: outside cause, approved, with a review date.
    RESOLVED = "resolved"  # 已处置: the unit reports that it is done.
    VERIFYING = "verifying"  # 核查中: independent check.
    REWORK = "rework"  # 返工: back to the same unit, counted.
    AWAITING_CALLBACK = "awaiting_callback"  # 待回访
    CLOSED = "closed"  # 已结案
    VOIDED = "voided"  # 已作废: test, proven false, sensor fault.
    PROPOSED = "proposed"  # 待立项: evidence and a level, a person has to admit it.
    REJECTED = "rejected"  # 不予立项: with a reason; the proposer may object once.
    ADMITTED = "admitted"  # 已立项: numbered, the level fixed.
    LEAD_ASSIGNED = "lead_assigned"  # 已定牵头
    CO_SIGNING = "co_signing"  # 会签: each co-unit signs its sub-task or declines.
    PLANNING = "planning"  # 制定方案
    PLAN_REVIEW = "plan_review"  # 方案审核
    IN_PROGRESS = "in_progress"  # 整治中: sub-tasks run.
    REPORTED_COMPLETE = "reported_complete"  # 申报完成: all mandatory sub-tasks are checked or waived.
    INSPECTION = "inspection"  # 复查验收: by nobody of a handling unit.
    PUBLICITY = "publicity"  # 公示: open for objections.
    CLOSED_OUT = "closed_out"  # 销号: an end but for the scheduled look-backs.
    LOOK_BACK = "look_back"  # 回头看
    RELAPSED = "relapsed"  # 反弹: the look-back failed, one level more severe.


TERMINAL: Final = frozenset(
    {
        TicketState.NOT_ACCEPTED,
        TicketState.ANSWERED,
        TicketState.MERGED,
        TicketState.CLOSED,
        TicketState.VOIDED,
        TicketState.REJECTED,
        TicketState.CLOSED_OUT,
    }
)


class TicketEvent(StrEnum):
    """What may be done to a ticket; the transition tables say when and by whom."""

    SUBMIT = "submit"  # 上报
    ASK_FACT = "ask_fact"  # 要求核实
    CONFIRM_FACT = "confirm_fact"  # 核实反馈
    ANSWER = "answer"  # 当场答复
    ACCEPT = "accept"  # 受理
    REFUSE_ACCEPT = "refuse_accept"  # 不予受理
    REQUEST_REFUSAL = "request_refusal"  # 提请不予受理: weighty demands, awaiting the countersignature.
    COUNTERSIGN_REFUSAL = "countersign_refusal"  # 会签不予受理
    DENY_REFUSAL = "deny_refusal"  # 不同意不予受理
    OBJECT = "object"  # 提出异议
    MERGE = "merge"  # 并案
    UNMERGE = "unmerge"  # 撤销并案
    SPLIT = "split"  # 拆分
    LINK = "link"  # 关联
    DISPATCH = "dispatch"  # 派遣
    REDISPATCH = "redispatch"  # 改派
    ACKNOWLEDGE = "acknowledge"  # 签收
    CONTACT = "contact"  # 首次联系
    ROLL = "roll"  # 出动
    ARRIVE = "arrive"  # 到场
    CONTROL = "control"  # 控制
    REQUEST_RETURN = "request_return"  # 申请退单
    ACCEPT_RETURN = "accept_return"  # 同意退单
    DENY_RETURN = "deny_return"  # 驳回退单
    ARBITRATE = "arbitrate"  # 提请裁定
    APPEAL = "appeal"  # 不服裁定
    AWARD = "award"  # 裁定
    AWARD_FALLBACK = "award_fallback"  # 兜底裁定: nobody fits, the district takes it.
    REQUEST_EXTENSION = "request_extension"  # 申请延期
    GRANT_EXTENSION = "grant_extension"  # 同意延期
    DENY_EXTENSION = "deny_extension"  # 驳回延期
    REQUEST_SUSPENSION = "request_suspension"  # 申请挂账
    SUSPEND = "suspend"  # 同意挂账
    DENY_SUSPENSION = "deny_suspension"  # 驳回挂账
    RESUME = "resume"  # 恢复办理
    RESOLVE = "resolve"  # 处置完成
    START_VERIFICATION = "start_verification"  # 开始核查
    VERIFY_OK = "verify_ok"  # 核查通过
    VERIFY_FAIL = "verify_fail"  # 核查不通过
    CALLBACK_ATTEMPT = "callback_attempt"  # 回访未接通
    CALLBACK_DONE = "callback_done"  # 回访完成
    CALLBACK_UNRESOLVED = "callback_unresolved"  # 回访未解决
    APPROVE_REPLY = "approve_reply"  # 统一答复: one approved reply to the many reporters of one incident.
    FLAG_REPORT = "flag_report"  # 标记必访: this reporter asked for a call or was harmed.
    REOPEN = "reopen"  # 重新办理
    REQUEST_WITHDRAWAL = "request_withdrawal"  # 登记撤诉
    CONFIRM_WITHDRAWAL = "confirm_withdrawal"  # 核实撤诉
    DENY_WITHDRAWAL = "deny_withdrawal"  # 撤诉不实
    VOID = "void"  # 作废
    CONVERT = "convert"  # 转协同整治
    NOTE = "note"  # 备注
    GRADE = "grade"  # 定级
    STRIKE = "strike"  # 划除: a line of the record is struck, never deleted.
    SUPERVISE = "supervise"  # 挂牌督办
    REPLY_SUPERVISION = "reply_supervision"  # 答复督办单
    ADD_SUBTASK = "add_subtask"  # 分解子任务
    SUBTASK_SIGN = "subtask_sign"  # 子任务签收
    SUBTASK_START = "subtask_start"  # 子任务开工
    SUBTASK_DONE = "subtask_done"  # 子任务完成
    SUBTASK_CHECK = "subtask_check"  # 子任务核验
    SUBTASK_REDO = "subtask_redo"  # 子任务返工
    SUBTASK_RETURN = "subtask_return"  # 子任务退回
    SUBTASK_REASSIGN = "subtask_reassign"  # 子任务改派
    SUBTASK_BLOCK = "subtask_block"  # 子任务受阻
    SUBTASK_WAIVE = "subtask_waive"  # 子任务免除
    PROPOSE = "propose"  # 提出立项
    ADMIT = "admit"  # 立项
    REJECT = "reject"  # 不予立项
    ASSIGN_LEAD = "assign_lead"  # 确定牵头
    CHANGE_LEAD = "change_lead"  # 变更牵头
    INVITE_CO = "invite_co"  # 邀请会签
    COSIGN = "cosign"  # 会签
    DECLINE = "decline"  # 拒签
    START_PLANNING = "start_planning"  # 直接制定方案: without co-units.
    PLAN_SUBMIT = "plan_submit"  # 提交方案
    PLAN_APPROVE = "plan_approve"  # 批准方案
    PLAN_RETURN = "plan_return"  # 退回方案
    INTERIM_DONE = "interim_done"  # 临时管控到位
    PROGRESS = "progress"  # 进展报告
    REPORT_COMPLETE = "report_complete"  # 申报完成
    START_INSPECTION = "start_inspection"  # 开始验收
    INSPECT_OK = "inspect_ok"  # 验收通过
    INSPECT_FAIL = "inspect_fail"  # 验收不通过
    CLOSE_OUT = "close_out"  # 销号
    START_LOOK_BACK = "start_look_back"  # 启动回头看
    LOOK_BACK_OK = "look_back_ok"  # 回头看通过
    RELAPSE = "relapse"  # 认定反弹
    RESTART = "restart"  # 重启整治


class AssignmentRole(StrEnum):
    """Equal to the SQL enum `assignment_role`."""

    LEAD = "lead"  # 牵头: answers for the whole ticket.
    CO = "co"  # 协同: signs and works beside it.


class EntryKind(StrEnum):
    """What the timeline shows beside transitions; equal to the SQL enum `ticket_entry`."""

    NOTE = "note"  # Somebody's words.
    CONTACT = "contact"  # A unit reached the reporter.
    EVENT_JOINED = "event_joined"  # Further events of its incidents.
    REPORT_JOINED = "report_joined"  # A person's report became part of it.
    INCIDENT_JOINED = "incident_joined"  # Another incident or ticket turned out to be the same matter.
    GRADE_CHANGED = "grade_changed"  # By the incident's rise; an officer's grade is a transition.
    REMINDER = "reminder"  # A clock came near its end.
    ESCALATION = "escalation"  # A clock ended.
    MESSAGE = "message"  # Something was told, or nobody was there to be told.
    LINKED = "linked"  # Another ticket is related: parent, child, cause, part or neighbour.
    STRUCK = "struck"  # An earlier line no longer counts; only auditors still read it.
    CALL_TRIED = "call_tried"  # A reporter was called back and not reached.
    REPORTS_LEFT = "reports_left"  # A merge was undone, or a part was split off: these reports went.
    RECOUNTED = "recounted"  # The calendar of a year came: provisional due times were counted anew.
    HELD = "held"  # A unit handed it on inside itself.


class ClockName(StrEnum):
    """The clocks of both kinds of ticket, as the rows of `limits` name them."""

    TRIAGE = "c_triage"  # 受理时限
    REFUSAL = "c_refusal"  # 不予受理会签: how long a requested refusal may wait for its countersignature.
    DISPATCH = "c_dispatch"  # 派遣时限
    SIGN = "c_sign"  # 签收时限: one for each assigned unit.
    CONTACT = "c_contact"  # 首次联系
    ARRIVE = "c_arrive"  # 到场时限
    CONTROL = "c_control"  # 控制/初步反馈: public, from acceptance.
    RESOLVE = "c_resolve"  # 办结时限: public, from acceptance; never pauses for returns or re-dispatch.
    VERIFY = "c_verify"  # 核查时限
    CALLBACK = "c_callback"  # 回访时限
    ARBITRATE = "c_arbitrate"  # 裁定时限: how long a requested return may wait.
    REVIEW = "c_review"  # 挂账复核: at its end a suspension is over.
    REPLY = "c_reply"  # 督办答复: one for each supervision order.
    RETURN_WINDOW = "c_return"  # 退单窗口: never runs; measures from the assignment.
    REOPEN_WINDOW = "c_reopen"  # 重办窗口: never runs; measures from the end.
    OBJECT_WINDOW = "c_object"  # 异议窗口: never runs; measures from the refusal.
    ADMIT = "j_admit"  # 立项时限
    INTERIM = "j_interim"  # 临时管控
    LEAD = "j_lead"  # 牵头签收
    COSIGN = "j_cosign"  # 会签: one for each co-unit; silence never signs.
    PLAN = "j_plan"  # 方案
    PLAN_REVIEW = "j_review"  # 方案审核
    RECTIFY = "j_rectify"  # 整治时限: public.
    SUBTASK = "j_subtask"  # 子任务: one for each sub-task.
    PROGRESS = "j_progress"  # 进展报告
    INSPECT = "j_inspect"  # 验收
    CLOSE_OUT = "j_close"  # 销号: after the publicity has ended.
    PUBLICITY = "j_publicity"  # 公示期: never runs; measures from the inspection that passed.
    LOOK_BACK = "j_look_back"  # 回头看间隔: never runs; measures from the closing-out.


class RequestKind(StrEnum):
    """What one person asks for and another decides; equal to the SQL enum `ticket_request`."""

    REFUSAL = "refusal"  # 不予受理: of complaints and reports, or after an objection.
    EXTENSION = "extension"  # 延期
    SUSPENSION = "suspension"  # 挂账
    WITHDRAWAL = "withdrawal"  # 撤诉: counts only after somebody else confirmed it with the reporter.


class SubtaskState(StrEnum):
    """Equal to the SQL enum `subtask_state`."""

    ASSIGNED = "assigned"  # 待签收
    ACKNOWLEDGED = "acknowledged"  # 已签收
    WORKING = "working"  # 进行中
    DONE = "done"  # 已完成: as the unit says.
    CHECKED = "checked"  # 已核验: as somebody else found.
    RETURNED = "returned"  # 已退回: waits for another unit.
    BLOCKED = "blocked"  # 受阻
    WAIVED = "waived"  # 已免除: by a supervisor, with a reason; or the ticket ended without it.


SETTLED: Final = frozenset({SubtaskState.CHECKED, SubtaskState.WAIVED})
"""Sub-tasks that no longer stand in the way of a closure."""
