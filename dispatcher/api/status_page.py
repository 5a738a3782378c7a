"""The residents' page on a report: plain HTML, Chinese first with English beside it, usable without script or style."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from html import escape
from typing import Any, Final, Self

from dispatcher.desk.callbacks import CallbackResult
from dispatcher.desk.standing import WORDS, Standing
from registry.calendar import LOCAL

LOOK: Final = "look"
OBJECT: Final = "object"
RATE: Final = "rate"
PATH: Final = "/public/tickets"

_WORDS_MAX: Final = 2000


class Notice(StrEnum):
    """What the page says on top."""

    WRONG = "wrong"  # Number or code.
    SLOW_DOWN = "slow_down"
    OBJECTED = "objected"
    RATED = "rated"
    NOT_NOW = "not_now"  # A rule refused it.
    INCOMPLETE = "incomplete"


_NOTICES: Final[Mapping[Notice, tuple[str, str]]] = {
    Notice.WRONG: ("编号或查询码不正确，请核对后再试。", "The number or the code is not right. Please check both."),
    Notice.SLOW_DOWN: ("尝试次数过多，请一分钟后再试。", "Too many attempts. Please wait a minute."),
    Notice.OBJECTED: ("您的异议已登记，将重新办理。", "Your objection is noted; the matter is looked at anew."),
    Notice.RATED: ("感谢您的评价。", "Thank you for your rating."),
    Notice.NOT_NOW: (
        "现在不能这样做：可能已提交过，或已超过期限。",
        "Not possible now: done before, or the time has passed.",
    ),
    Notice.INCOMPLETE: ("请把内容填写完整。", "Please fill in everything that is needed."),
}
_RESULTS: Final = (
    (CallbackResult.SOLVED, "已解决", "Solved"),
    (CallbackResult.PARTLY, "部分解决", "Partly solved"),
    (CallbackResult.UNSOLVED, "未解决", "Not solved"),
)
_STEPS: Final = (
    (5, "非常满意", "Very satisfied"),
    (4, "满意", "Satisfied"),
    (3, "基本满意", "Fairly satisfied"),
    (2, "不满意", "Dissatisfied"),
    (1, "非常不满意", "Very dissatisfied"),
)


@dataclass(frozen=True, slots=True)
class Rating:
    satisfaction: int
    result: CallbackResult


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed into the form."""

    number: str
    code: str = field(repr=False)
    act: str = LOOK
    words: str | None = None
    rating: Rating | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Whatever came, bounded and without what the database cannot hold."""
        return cls(
            number=_text(fields, "number")[:32],
            code=_text(fields, "code")[:32],
            act=_text(fields, "act") or LOOK,
            words=_text(fields, "words")[:_WORDS_MAX] or None,
            rating=_rating(_text(fields, "satisfaction"), _text(fields, "result")),
        )


def form(*, number: str = "", notice: Notice | None = None) -> str:
    """The page that asks for number and code."""
    return _page(
        _notice(notice)
        + f'<form method="post" action="{PATH}" autocomplete="off">'
        + _input("number", "受理编号", "Number on your receipt", number, "HR-20261123-00001")
        + _input("code", "查询码", "Code", "", "K7QM-2XWP-9R")
        + _button(LOOK, "查询", "Look up")
        + "</form>"
    )


def result(found: Standing, asked: Asked, notice: Notice | None) -> str:
    """The page of one report, with what its caller may do now."""
    zh, en = WORDS[found.state]
    rows = [
        ("受理编号", "Number", _escaped(found.number)),
        ("工单编号", "Ticket", _escaped(found.ticket_number)),
        ("办理状态", "State", _both(zh, en)),
        ("事项", "Matter", "" if found.kind is None else _both(*found.kind)),
        ("目前由谁办理", "Who has it now", _both(*found.holder)),
        ("登记时间", "Received", _time(found.received_at)),
        ("办理时限", "Due", _time(found.due_at)),
        ("办结时间", "Ended", _time(found.closed_at)),
        ("不予受理的理由", "Why it was not accepted", "" if found.refusal is None else _both(*found.refusal)),
        ("答复", "Answer", _escaped(found.answer)),
    ]
    listed = "".join(f"<dt>{_both(zh, en)}</dt><dd>{value}</dd>" for zh, en, value in rows if value)
    return _page(_notice(notice) + f"<dl>{listed}</dl>" + _objection(found, asked) + _rating_form(found, asked))


def _objection(found: Standing, asked: Asked) -> str:
    if not found.may_object:
        return ""
    return _section(
        "提出异议",
        "Object",
        asked,
        _area("words", "您的理由", "Your reason", required=True) + _button(OBJECT, "提交异议", "Send objection"),
    )


def _rating_form(found: Standing, asked: Asked) -> str:
    if not found.may_rate:
        return ""
    return _section(
        "评价（仅一次）",
        "Rate it (once)",
        asked,
        _choices("result", "问题解决了吗？", "Is it solved?", [(r.value, zh, en) for r, zh, en in _RESULTS])
        + _choices("satisfaction", "您满意吗？", "Are you satisfied?", [(str(n), zh, en) for n, zh, en in _STEPS])
        + _area("words", "还想说的话（可不填）", "Anything else (optional)", required=False)
        + _button(RATE, "提交评价", "Send rating"),
    )


def _section(zh: str, en: str, asked: Asked, inner: str) -> str:
    # The code comes back hidden, in a page that no cache keeps, so that nobody types it twice.
    return (
        f'<section><h2>{_both(zh, en)}</h2><form method="post" action="{PATH}" autocomplete="off">'
        f'<input type="hidden" name="number" value="{escape(asked.number, quote=True)}">'
        f'<input type="hidden" name="code" value="{escape(asked.code, quote=True)}">{inner}</form></section>'
    )


def _page(inner: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        "<title>诉求办理查询 · 蓉安 Rongan</title></head>"
        '<body style="max-width:40rem;margin:0 auto;padding:1rem;font:1.125rem/1.6 sans-serif">'
        f"<main><h1>{_both('诉求办理查询', 'Your report')}</h1>{inner}</main>"
        f'<footer><p><a href="{PATH}">{_both("查询另一件", "Look up another")}</a></p></footer></body></html>'
    )


def _notice(notice: Notice | None) -> str:
    return "" if notice is None else f'<p role="status"><strong>{_both(*_NOTICES[notice])}</strong></p>'


def _both(zh: str, en: str) -> str:
    return f'{escape(zh)} <span lang="en">{escape(en)}</span>'


def _escaped(text: str | None) -> str:
    return "" if text is None else escape(text)


def _time(at: datetime | None) -> str:
    if at is None:
        return ""
    local = at.astimezone(LOCAL)
    return f'<time datetime="{local.isoformat()}">{local:%Y-%m-%d %H:%M}</time>'


def _input(name: str, zh: str, en: str, value: str, example: str) -> str:
    return (
        f'<p><label for="{name}">{_both(zh, en)}</label><br><input id="{name}" name="{name}" required maxlength="32" '
        f'value="{escape(value, quote=True)}" placeholder="{example}" style="font:inherit;width:100%"></p>'
    )


def _area(name: str, zh: str, en: str, *, required: bool) -> str:
    needed = " required" if required else ""
    return (
        f'<p><label>{_both(zh, en)}<br><textarea name="{name}" rows="4" maxlength="{_WORDS_MAX}"{needed} '
        'style="font:inherit;width:100%"></textarea></label></p>'
    )


def _choices(name: str, zh: str, en: str, options: list[tuple[str, str, str]]) -> str:
    listed = "".join(
        f'<p><label><input type="radio" name="{name}" value="{value}" required> {_both(said_zh, said_en)}</label></p>'
        for value, said_zh, said_en in options
    )
    return f"<fieldset><legend>{_both(zh, en)}</legend>{listed}</fieldset>"


def _button(act: str, zh: str, en: str) -> str:
    return f'<p><button name="act" value="{act}" style="font:inherit;padding:.5rem 1rem">{_both(zh, en)}</button></p>'


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or "\x00" in value:
        return ""
    return value.encode("utf-8", "ignore").decode().strip()


def _rating(satisfaction: str, said: str) -> Rating | None:
    steps = {str(step): step for step, _, _ in _STEPS}
    results = {result.value: result for result, _, _ in _RESULTS}
    return Rating(steps[satisfaction], results[said]) if satisfaction in steps and said in results else None
