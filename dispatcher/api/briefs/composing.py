"""Composes a brief from its figures, in Chinese or English. Pure: the same figures give the same document."""

from datetime import timedelta
from typing import Final

from dispatcher.api.briefs.model import Brief, BriefFigures, BriefPeriod, Grid, Heading, Paragraph, Part
from dispatcher.api.exports.tables import Language
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import SMALL_DENOMINATOR, Figure, MeasureUnit, value_of

_GRADES: Final = {
    1: ("I 级(特别重大)", "I"),
    2: ("II 级(重大)", "II"),
    3: ("III 级(较大)", "III"),
    4: ("IV 级(一般)", "IV"),
}
_NOTHING: Final = "—"


def compose(figures: BriefFigures, language: Language) -> Brief:
    """The document: what happened, what is late, the kinds and the indicators, each beside the span before."""
    zh = language is Language.ZH
    last = figures.until - timedelta(days=1)
    names = {
        BriefPeriod.DAILY: ("社区安全与诉求工作日报", "Daily brief"),
        BriefPeriod.WEEKLY: ("社区安全与诉求工作周报", "Weekly brief"),
    }
    span = f"{figures.since:%Y-%m-%d}" if figures.since == last else f"{figures.since:%Y-%m-%d} — {last:%Y-%m-%d}"
    parts: list[Part] = [
        Heading("一、总体情况" if zh else "1. In short"),
        Paragraph(_summary(figures, zh=zh)),
        _by_grade(figures, zh=zh),
        Heading("二、主要案由" if zh else "2. Kinds"),
        _kinds(figures, zh=zh),
        Heading("三、超期工单" if zh else "3. Overdue tickets"),
        _overdue(figures, zh=zh),
        Heading("四、指标" if zh else "4. Indicators"),
        _indicators(figures, zh=zh),
        Paragraph(
            f"分母小于 {SMALL_DENOMINATOR} 的指标标注“样本少”，不作比较。"
            if zh
            else f"Indicators with a denominator below {SMALL_DENOMINATOR} are marked as small and not compared."
        ),
    ]
    return Brief(names[figures.period][not zh], f"{figures.area}  {span}", tuple(parts))


def _summary(figures: BriefFigures, *, zh: bool) -> str:
    now, before = figures.now, figures.before
    found, found_before = sum(now.incidents_by_grade.values()), sum(before.incidents_by_grade.values())
    if zh:
        return (
            f"发生案件 {found} 起({_change(found, found_before, zh=True)})；新增工单 {now.tickets_opened} 件"
            f"({_change(now.tickets_opened, before.tickets_opened, zh=True)})，办结 {now.tickets_closed} 件；"
            f"新增超期 {now.breaches} 次。目前在办 {figures.open_tickets} 件，其中超期 {figures.overdue_tickets} 件。"
        )
    return (
        f"{found} incidents ({_change(found, found_before, zh=False)}); {now.tickets_opened} tickets opened "
        f"({_change(now.tickets_opened, before.tickets_opened, zh=False)}), {now.tickets_closed} closed; "
        f"{now.breaches} clocks ran down. Open now: {figures.open_tickets}, of them overdue: {figures.overdue_tickets}."
    )


def _change(now: int, before: int, *, zh: bool) -> str:
    if now == before:
        return "与上期持平" if zh else "as before"
    word = ("增加" if zh else "up by") if now > before else ("减少" if zh else "down by")
    return f"较上期{word} {abs(now - before)}" if zh else f"{word} {abs(now - before)}"


def _by_grade(figures: BriefFigures, *, zh: bool) -> Grid:
    head = ("等级", "案件", "上期") if zh else ("grade", "incidents", "before")
    now, before = figures.now.incidents_by_grade, figures.before.incidents_by_grade
    rows = [(_GRADES[grade][not zh], str(now.get(grade, 0)), str(before.get(grade, 0))) for grade in _GRADES]
    return Grid(head, tuple(rows))


def _kinds(figures: BriefFigures, *, zh: bool) -> Grid:
    head = ("案由", "案件", "上期") if zh else ("kind", "incidents", "before")
    rows = [(each.zh_name if zh else each.en_name, str(each.incidents), str(each.before)) for each in figures.kinds]
    return Grid(head, tuple(rows))


def _overdue(figures: BriefFigures, *, zh: bool) -> Grid:
    head = (
        ("编号", "案由", "地点", "牵头单位", "等级", "超期(小时)")
        if zh
        else ("number", "kind", "place", "lead", "grade", "overdue (h)")
    )
    rows = [
        (
            each.number,
            each.zh_kind if zh else each.en_kind,
            each.place,
            each.lead,
            _GRADES[each.grade][1],
            str(each.overdue_h),
        )
        for each in figures.overdue
    ]
    return Grid(head, tuple(rows))


def _indicators(figures: BriefFigures, *, zh: bool) -> Grid:
    head = ("指标", "本期", "分子/分母", "上期") if zh else ("indicator", "now", "numerator/denominator", "before")
    rows = []
    for name, now, before in figures.indicators:
        known = INDICATORS[name]
        small = ("(样本少)" if zh else " (small)") if now.small and known.unit is not MeasureUnit.COUNT else ""
        rows.append(
            (
                known.zh_name if zh else known.en_name,
                _told(known.unit, now) + small,
                f"{now.numerator}/{now.denominator}",
                _told(known.unit, before),
            )
        )
    return Grid(head, tuple(rows))


def _told(unit: MeasureUnit, figure: Figure) -> str:
    value = value_of(unit, figure)
    if value is None:
        return _NOTHING
    if unit is MeasureUnit.SHARE:
        return f"{value:.1%}"
    return f"{value:.0f}" if unit is MeasureUnit.COUNT else f"{value:.2f}"
