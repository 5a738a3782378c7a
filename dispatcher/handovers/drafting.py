"""The draft of a report upward: what, where, when, casualties, measures and what is next, from what is known. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dispatcher.handovers.words import UpwardPart
from registry.calendar import LOCAL

SECTIONS: Final = ("what", "where", "when", "casualties", "measures", "next")
"""五要素 and 下一步: every part says them all, so that none can be forgotten."""

_PART: Final[Mapping[UpwardPart, str]] = {
    UpwardPart.FIRST: "首报",
    UpwardPart.FOLLOW_UP: "续报",
    UpwardPart.FINAL: "终报",
}
_GRADES: Final = ("", "Ⅰ级（特别重大）", "Ⅱ级（重大）", "Ⅲ级（较大）", "Ⅳ级（一般）")
# What was done, in the words of a report; other transitions are the office's own business.
_MEASURES: Final[Mapping[str, str]] = {
    "accept": "受理",
    "dispatch": "派遣",
    "redispatch": "改派",
    "acknowledge": "签收",
    "roll": "出动",
    "arrive": "到场",
    "control": "现场得到控制",
    "resolve": "处置完毕",
    "verify_ok": "核查通过",
    "convert": "转入协同整治",
}
_SERVICE_STATES: Final[Mapping[str, str]] = {
    "called": "已呼叫，尚未确认",
    "acknowledged": "已接警",
    "en_route": "已出动",
    "on_scene": "已到场",
    "controlled": "已控制",
    "closed": "已结束",
    "declined": "未出警",
}


def draft(
    part: UpwardPart,
    ticket: Mapping[str, Any],
    measures: Sequence[Mapping[str, Any]],
    services: Sequence[Mapping[str, Any]],
    at: datetime,
) -> dict[str, str]:
    """The sections of the report, in Chinese, and its title. It names no person: neither who reported nor who acted."""
    kind, area, place = ticket["kind_zh"], ticket["area_zh"] or "", ticket["place"]
    return {
        "title": f"{_PART[part]}：{place or area}{kind}",
        "what": f"{kind}；平台响应等级{_GRADES[ticket['grade']]}；相关报告{ticket['report_count']}件，"
        f"感知事件{ticket['event_count']}起；案件{ticket['incident_number']}。",
        "where": f"{area}{place or '（详细位置待核）'}。",
        "when": f"{_local(ticket['first_at'])}首次发现；{_local(ticket['accepted_at'] or ticket['opened_at'])}受理；"
        f"本报截至{_local(at)}。",
        "casualties": f"已报告受伤{ticket['injured']}人。" if ticket["injured"] else "暂未接报人员伤亡。",
        "measures": _measures(ticket, measures, services),
        "next": _next(part, ticket),
    }


def _measures(
    ticket: Mapping[str, Any], measures: Sequence[Mapping[str, Any]], services: Sequence[Mapping[str, Any]]
) -> str:
    said = [
        f"{_local(each['at'])}{each['unit_zh'] or '平台'}{_MEASURES[each['event']]}"
        for each in measures
        if each["event"] in _MEASURES
    ]
    said += [
        f"{each['service_zh']}{_SERVICE_STATES[each['state']]}"
        + (f"（接警编号{each['external_no']}）" if each["external_no"] else "")
        for each in services
    ]
    lead = f"牵头单位{ticket['lead_zh']}。" if ticket["lead_zh"] else "尚未派遣。"
    return lead + ("；".join(said) + "。" if said else "")


def _next(part: UpwardPart, ticket: Mapping[str, Any]) -> str:
    if part is UpwardPart.FINAL:
        return "善后、原因调查和评估情况另行报告。"
    if ticket["controlled_at"] is not None:
        return f"{_local(ticket['controlled_at'])}已得到控制；继续处置，办结后终报。"
    return "继续处置；控制后或人员伤亡变化时续报。"


def _local(at: datetime) -> str:
    return at.astimezone(LOCAL).strftime("%m月%d日%H时%M分")
