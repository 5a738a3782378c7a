"""Closed lists of words in Chinese, for people who read an export without the console."""

from typing import Final

TICKET_KINDS: Final = {"call_response": "呼叫响应", "joint_rectification": "协同整治"}
STATUSES: Final = {"open": "进行中", "final": "已终结", "merged": "已合并", "dissolved": "已消散"}
STATES: Final = {
    "new": "待受理",
    "verifying_fact": "待核实",
    "not_accepted": "不予受理",
    "answered": "当场答复",
    "merged": "已并案",
    "accepted": "已受理(立案)",
    "dispatched": "已派遣",
    "acknowledged": "已签收",
    "return_requested": "退单申请",
    "arbitration": "争议裁定",
    "en_route": "赶赴现场",
    "on_scene": "已到场",
    "controlled": "已控制(排险)",
    "suspended": "挂账",
    "resolved": "已处置",
    "verifying": "核查中",
    "rework": "返工",
    "awaiting_callback": "待回访",
    "closed": "已结案",
    "voided": "已作废",
    "proposed": "待立项",
    "rejected": "不予立项",
    "admitted": "已立项",
    "lead_assigned": "已定牵头",
    "co_signing": "会签",
    "planning": "制定方案",
    "plan_review": "方案审核",
    "in_progress": "整治中",
    "reported_complete": "申报完成",
    "inspection": "复查验收",
    "publicity": "公示",
    "closed_out": "销号",
    "look_back": "回头看",
    "relapsed": "反弹",
}
