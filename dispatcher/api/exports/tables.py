"""What an export shows: its columns with their names in both languages, and how a cell is told. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.api.exports.words import STATES, STATUSES, TICKET_KINDS
from dispatcher.indicators.definitions import INDICATORS
from registry.calendar import LOCAL

Value = str | int | float | bool | datetime | date | None

_MEANING: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what spreadsheets take for a formula


class Language(StrEnum):
    """In which the names of the columns and the words of closed lists are told."""

    ZH = "zh"  # 中文
    EN = "en"  # English


class ColumnType(StrEnum):
    """What a column holds."""

    TEXT = "text"  # Words.
    INTEGER = "integer"  # A whole number.
    NUMBER = "number"  # A number.
    FLAG = "flag"  # Yes or no.
    TIME = "time"  # A point in time, shown in local time.
    DAY = "day"  # A day of China.


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its stable name, its titles, its type, and where a row keeps it."""

    name: str
    zh: str
    en: str
    type: ColumnType
    of: Callable[[Any, Language], Value]

    def title(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en


@dataclass(frozen=True, slots=True)
class Table:
    """A list that can be taken out."""

    subject: str
    columns: tuple[Column, ...]


def shown_as_text(value: Value, language: Language) -> str:
    """A cell of CSV. Text that a spreadsheet would run begins with an apostrophe instead."""
    match value:
        case None:
            return ""
        case bool():
            return {Language.ZH: ("否", "是"), Language.EN: ("no", "yes")}[language][value]
        case datetime():
            return local(value).strftime("%Y-%m-%d %H:%M:%S")
        case str():
            return f"'{value}" if value.startswith(_MEANING) else value
        case _:
            return str(value)


def local(at: datetime) -> datetime:
    """The time on the wall in Chengdu, without its zone, as spreadsheets know times."""
    return at.astimezone(LOCAL).replace(tzinfo=None, microsecond=0)


def _plain(name: str) -> Callable[[Any, Language], Value]:
    def of(row: Any, _: Language) -> Value:
        found: Value = getattr(row, name)
        return found

    return of


def _column(name: str, zh: str, en: str, kind: ColumnType) -> Column:
    return Column(name, zh, en, kind, _plain(name))


def _either(name: str, zh: str, en: str, zh_field: str, en_field: str) -> Column:
    def of(row: Any, language: Language) -> Value:
        found: Value = getattr(row, zh_field if language is Language.ZH else en_field)
        return found

    return Column(name, zh, en, ColumnType.TEXT, of)


def _word(name: str, zh: str, en: str, words: dict[str, str]) -> Column:
    def of(row: Any, language: Language) -> Value:
        code = str(getattr(row, name))
        return words.get(code, code) if language is Language.ZH else code

    return Column(name, zh, en, ColumnType.TEXT, of)


def _lead(row: Any, language: Language) -> Value:
    if row.lead is None:
        return None
    found: Value = row.lead.zh_name if language is Language.ZH else row.lead.en_name
    return found


def _indicator(row: Any, language: Language) -> Value:
    known = INDICATORS[row.indicator]
    return known.zh_name if language is Language.ZH else known.en_name


_T: Final = ColumnType
_KIND: Final = _either("kind_name", "案由", "kind", "kind_zh", "kind_en")
_PLACE: Final = (
    _column("place", "地点", "place", _T.TEXT),
    _column("area_id", "区域", "area", _T.TEXT),
    _column("lon", "经度", "longitude", _T.NUMBER),
    _column("lat", "纬度", "latitude", _T.NUMBER),
)

TICKETS: Final = Table(
    "tickets",
    (
        _column("number", "编号", "number", _T.TEXT),
        _word("ticket_kind", "类型", "type", TICKET_KINDS),
        _word("state", "状态", "state", STATES),
        _column("grade", "等级", "grade", _T.INTEGER),
        _KIND,
        *_PLACE,
        Column("lead", "牵头单位", "lead", _T.TEXT, _lead),
        _column("co_signed", "会签已签", "co-units signed", _T.INTEGER),
        _column("co_total", "协同单位", "co-units", _T.INTEGER),
        _column("opened_at", "上报时间", "opened", _T.TIME),
        _column("accepted_at", "受理时间", "accepted", _T.TIME),
        _column("closed_at", "结案时间", "closed", _T.TIME),
        _column("due_at", "到期时间", "due", _T.TIME),
        _column("due_clock", "到期时限", "clock due", _T.TEXT),
        _column("overdue", "超期", "overdue", _T.FLAG),
        _column("report_count", "诉求数", "reports", _T.INTEGER),
        _column("event_count", "事件数", "events", _T.INTEGER),
        _column("rework_count", "返工次数", "reworked", _T.INTEGER),
        _column("id", "序号", "id", _T.INTEGER),
    ),
)
INCIDENTS: Final = Table(
    "incidents",
    (
        _column("number", "编号", "number", _T.TEXT),
        _word("status", "状态", "status", STATUSES),
        _column("grade", "等级", "grade", _T.INTEGER),
        _KIND,
        *_PLACE,
        _column("first_at", "首次发生", "first event", _T.TIME),
        _column("last_at", "最近发生", "last event", _T.TIME),
        _column("opened_at", "立案时间", "opened", _T.TIME),
        _column("final_at", "终结时间", "final", _T.TIME),
        _column("event_count", "事件数", "events", _T.INTEGER),
        _column("late", "迟到", "late", _T.FLAG),
        _column("ticket_id", "工单序号", "ticket id", _T.INTEGER),
        _column("id", "序号", "id", _T.INTEGER),
    ),
)
KPI: Final = Table(
    "indicators",
    (
        Column("indicator_name", "指标", "indicator", _T.TEXT, _indicator),
        _column("indicator", "指标代码", "indicator id", _T.TEXT),
        _column("period_from", "起始日期", "from", _T.DAY),
        _column("member", "对象", "of", _T.TEXT),
        _column("numerator", "分子", "numerator", _T.INTEGER),
        _column("denominator", "分母", "denominator", _T.INTEGER),
        _column("value", "值", "value", _T.NUMBER),
    ),
)
