"""The residents' pages of what is public: plain HTML, Chinese first with English beside it, without a script."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode

from dispatcher.api.models.disclosures import PublicCount, PublicDisclosure, PublicName, PublicReturn
from dispatcher.disclosure.model import MatterOutcome
from registry.calendar import LOCAL
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment

PATH: Final = "/public/disclosures"
_LEFT: Final = "text-align:left;padding-right:1em"

_ITEMS: Final = {
    DisclosureItem.RESIDENT_RIGHTS: ("社区居民权益事项", "Rights of residents"),
    DisclosureItem.PUBLIC_CONSTRUCTION: ("社区公共建设事项", "Public construction"),
    DisclosureItem.PUBLIC_MANAGEMENT: ("社区公共管理事项", "Public management"),
    DisclosureItem.PUBLIC_SAFETY: ("社区公共安全事项", "Public safety"),
    DisclosureItem.OTHER: ("其他应当公开的事项", "Other matters"),
}
_MOMENTS: Final = {
    DisclosureMoment.CLOSED: ("办结公开", "Result"),
    DisclosureMoment.PLAN_APPROVED: ("方案公开", "Plan"),
    DisclosureMoment.MILESTONE: ("进展公开", "Progress"),
    DisclosureMoment.WARNING: ("预警公开", "Warning"),
    DisclosureMoment.MONTH: ("月度统计", "Statistics of the month"),
    DisclosureMoment.MATTER: ("事项公开", "Matter"),
    DisclosureMoment.REOPENED: ("重新办理", "Taken up again"),
}
_OUTCOMES: Final = {
    MatterOutcome.MEDIATED: ("调解成功,双方同意", "Mediated, with both parties' consent"),
    MatterOutcome.RESOLUTION: ("议事协商形成决议", "Resolved in deliberation"),
    MatterOutcome.NO_AGREEMENT: ("未达成一致", "No agreement"),
    MatterOutcome.COURT: ("引导通过诉讼解决", "Referred to the court"),
}


def overview(
    items: Sequence[PublicDisclosure], following: str | None, item: DisclosureItem | None, area: str | None
) -> str:
    """The newest first, with links to one item of Art. 44 each."""
    links = [_link({"item": each}, *_ITEMS[each]) for each in DisclosureItem]
    listed = "".join(f"<li>{_line(each)}</li>" for each in items) or f"<li>{_both('暂无公开事项', 'Nothing yet')}</li>"
    more = ""
    if following is not None:
        query = {"cursor": following} | ({"item": item} if item else {}) | ({"area": area} if area else {})
        more = f"<p>{_link(query, '更早的公开事项', 'Earlier ones')}</p>"
    navigation = f'<nav aria-label="Art. 44"><ul>{"".join(f"<li>{each}</li>" for each in links)}</ul></nav>'
    return _document("社区事项公开", "What is public", f"{navigation}<ol>{listed}</ol>{more}")


def single(shown: PublicDisclosure) -> str:
    """One disclosure with everything that its level names."""
    rows = [
        ("编号", "Number", shown.number),
        ("类别", "Item", _plain(_ITEMS[shown.item])),
        ("公开情形", "Occasion", _plain(_MOMENTS[shown.moment])),
        ("公开单位", "Published by", _name(shown.publisher)),
        ("所在街道", "Subdistrict", _name(shown.street)),
        ("公开时间", "Published", f"{shown.published_at.astimezone(LOCAL):%Y-%m-%d %H:%M}"),
        ("事项", "Matter", _name(shown.kind or shown.kind_group)),
        ("受理日期", "Opened", str(shown.opened_on or "")),
        ("办结日期", "Closed", str(shown.closed_on or "")),
        ("结果", "Outcome", _plain(_OUTCOMES[shown.outcome]) if shown.outcome else ""),
        ("牵头单位", "Responsible now", _name(shown.lead)),
        ("配合单位", "Together with", ";".join(_name(unit) for unit in shown.co_units)),
        ("统计月份", "Month", shown.month or ""),
    ]
    table = "".join(
        f'<tr><th scope="row" style="{_LEFT}">{_both(zh, en)}</th><td>{escape(told)}</td></tr>'
        for zh, en, told in rows
        if told
    )
    text = "".join(f"<p>{escape(line)}</p>" for line in (shown.text or "").splitlines() if line.strip())
    presence = ""
    if shown.level is DisclosureLevel.PRESENCE_ONLY:
        said = _both(
            "处置期间仅公开存在情况,办结后全文公开。", "Only its presence is told while it is being dealt with."
        )
        presence = f"<p>{said}</p>"
    body = f"<table>{table}</table>{presence}{text}{_returns(shown.returned)}{_counts(shown.counts)}"
    title = shown.title or _plain(_ITEMS[shown.item])
    return _document(title, "", f"{body}<p>{_link({}, '返回列表', 'Back to the list')}</p>")


def withdrawn(number: str, reason: str, replaced_by: int | None) -> str:
    """What is told of something that was public: that it is gone, and why."""
    instead = ""
    if replaced_by is not None:
        instead = f'<p><a href="{PATH}/{replaced_by}">{_both("更正后的公开内容", "The corrected one")}</a></p>'
    body = (
        f"<p>{_both('编号', 'Number')}: {escape(number)}</p><p>{_both('原因', 'Reason')}: {escape(reason)}</p>{instead}"
    )
    return _document("公开内容已撤回", "Withdrawn", body)


def _returns(returned: Iterable[PublicReturn]) -> str:
    """Who said that it is not responsible, and who has it now."""
    listed = "".join(
        f"<li>{_both(f'{each.unit.zh}认为不属于其职责', f'{each.unit.en} said that it is not responsible')}"
        f"{escape(f'(依据:{each.basis})') if each.basis else ''} — "
        f"{_both('现由 ', 'now with ')}{escape(_name(each.now_with) or '待确定 to be decided')}</li>"
        for each in returned
    )
    return f"<h2>{_both('职责变更', 'Who has it')}</h2><ul>{listed}</ul>" if listed else ""


def _counts(counts: Iterable[PublicCount]) -> str:
    rows = "".join(
        f"<tr><td>{escape(_plain(_ITEMS[each.item]))}</td><td>{escape(_name(each.kind_group))}</td>"
        f"<td>{each.tickets if each.tickets is not None else f'&lt; {each.fewer_than}'}</td></tr>"
        for each in counts
    )
    head = "".join(
        f'<th scope="col" style="{_LEFT}">{_both(zh, en)}</th>'
        for zh, en in (("类别", "Item"), ("事项", "Matters"), ("件数", "Number"))
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""


def _line(shown: PublicDisclosure) -> str:
    title = shown.title or _name(shown.kind_group) or _plain(_ITEMS[shown.item])
    when = f"{shown.published_at.astimezone(LOCAL):%Y-%m-%d}"
    return (
        f'<a href="{PATH}/{shown.id}">{escape(title)}</a> '
        f'({_both(*_MOMENTS[shown.moment])}, {escape(_name(shown.street))}, <time datetime="{when}">{when}</time>)'
    )


def _link(query: dict[str, str], zh: str, en: str) -> str:
    address = PATH if not query else f"{PATH}?{urlencode(query)}"
    return f'<a href="{escape(address, quote=True)}">{_both(zh, en)}</a>'


def _both(zh: str, en: str) -> str:
    if not en:
        return escape(zh)
    return f'{escape(zh)} <span lang="en">{escape(en)}</span>'


def _plain(words: tuple[str, str]) -> str:
    return " ".join(words)


def _name(name: PublicName | None) -> str:
    if name is None:
        return ""
    return name.zh if name.zh == name.en else f"{name.zh} {name.en}"


def _document(zh: str, en: str, body: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(zh)} · 蓉安 Rongan</title></head>"
        '<body style="font:1.1rem/1.6 sans-serif;max-width:46rem;margin:0 auto;padding:1rem">'
        f"<main><h1>{_both(zh, en)}</h1>{body}</main></body></html>"
    )
