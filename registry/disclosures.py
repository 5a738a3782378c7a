"""What has to be made public and by when: the items of Art. 44 as versioned rows, and the calendar of committees."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.limits import Limit, LimitUnit
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class DisclosureItem(StrEnum):
    """The items of Art. 44; equal to the SQL enum `disclosure_item` and to `disclosure_category` of the kinds."""

    RESIDENT_RIGHTS = "resident_rights"  # (一) 社区居民权益事项
    PUBLIC_CONSTRUCTION = "public_construction"  # (二) 社区公共建设事项
    PUBLIC_MANAGEMENT = "public_management"  # (三) 社区公共管理事项
    PUBLIC_SAFETY = "public_safety"  # (四) 社区公共安全事项
    OTHER = "other"  # (五) 其他应当公开的事项


class DisclosureLevel(StrEnum):
    """How much is told; equal to the SQL enum `disclosure_level`."""

    NEVER = "never"  # 不公开: for a coded reason, still counted.
    PRESENCE_ONLY = "presence_only"  # 仅公开存在: kind group, street and day.
    FULL = "full"  # 全文公开: without personal data.
    STATISTICS = "statistics"  # 仅统计: counts of a month.


class DisclosureMoment(StrEnum):
    """What makes a disclosure due; equal to the SQL enum `disclosure_moment`."""

    CLOSED = "closed"  # 办结: the ticket was closed or closed out.
    PLAN_APPROVED = "plan_approved"  # 方案批准: plan and budget.
    MILESTONE = "milestone"  # 节点: interim control stands, or completion was reported.
    WARNING = "warning"  # 预警: a warning was decided by the competent body.
    REOPENED = "reopened"  # 重新办理: what was said of the end is no longer true.
    MONTH = "month"  # 月度: statistics of a month.
    MATTER = "matter"  # 无工单事项: a matter without a ticket, as of self-governance.


class NeverReason(StrEnum):
    """Why something is never told one by one; equal to the SQL enum `never_reason`."""

    DOMESTIC_VIOLENCE = "domestic_violence"  # 家庭暴力
    MENTAL_HEALTH = "mental_health"  # 精神卫生
    INDIVIDUAL_CARE = "individual_care"  # 个人医疗与养老
    MINORS = "minors"  # 未成年人
    ONGOING_POLICE = "ongoing_police"  # 公安机关正在办理


class DutyPeriod(StrEnum):
    """How often a committee makes something public; equal to the SQL enum `duty_period`."""

    QUARTER = "quarter"  # 每季度
    EVENT = "event"  # 随时: a weighty matter of residents.


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """An item is due at this moment, at this level, within this limit."""

    version: int
    item: DisclosureItem
    moment: DisclosureMoment
    level: DisclosureLevel
    value: int
    unit: LimitUnit
    source: str

    @property
    def limit(self) -> Limit:
        """The limit as clocks count it."""
        return Limit(
            id=0,
            version=self.version,
            kind=None,
            clock="d_publish",
            grade=None,
            condition=f"{self.item}/{self.moment}",
            value=self.value,
            unit=self.unit,
            source=self.source,
        )


@dataclass(frozen=True, slots=True)
class DutyRule:
    """A committee makes this item public within `value` after the quarter or the event."""

    version: int
    item: DisclosureItem
    period: DutyPeriod
    value: int
    unit: LimitUnit
    meeting_wd: int  # Working days of the residents' meeting before the subdistrict looks (Art. 49).
    source: str

    @property
    def length(self) -> Limit:
        """How long after the quarter or event it should be public, as limits are counted."""
        return Limit(
            id=0,
            version=self.version,
            kind=None,
            clock="committee_duty",
            grade=None,
            condition=f"{self.item}/{self.period}",
            value=self.value,
            unit=self.unit,
            source=self.source,
        )


@dataclass(frozen=True, slots=True)
class DisclosureBook:
    """The newest rules, and the kinds that are never told one by one."""

    rules: Mapping[tuple[DisclosureItem, DisclosureMoment], DisclosureRule]
    undisclosed: Mapping[str, NeverReason]

    def rule_of(self, item: DisclosureItem, moment: DisclosureMoment) -> DisclosureRule | None:
        """What rules an item at a moment; progress of an item without a rule for it is told as its end is."""
        own = self.rules.get((item, moment))
        if own is None and moment is DisclosureMoment.MILESTONE:
            return self.rules.get((item, DisclosureMoment.CLOSED))
        return own


async def read_disclosure_book(conn: Connection) -> DisclosureBook:
    rules = [
        DisclosureRule(
            version=row["version"],
            item=DisclosureItem(row["item"]),
            moment=DisclosureMoment(row["moment"]),
            level=DisclosureLevel(row["level"]),
            value=row["value"],
            unit=LimitUnit(row["unit"]),
            source=row["source"],
        )
        for row in await conn.fetch(QUERIES.list_disclosure_rules)
    ]
    kinds = await conn.fetch(QUERIES.list_undisclosed_kinds)
    return DisclosureBook(
        {(rule.item, rule.moment): rule for rule in rules}, {row["kind"]: NeverReason(row["reason"]) for row in kinds}
    )


async def read_duty_rules(conn: Connection) -> list[DutyRule]:
    """The newest rows of the committees' calendar."""
    return [
        DutyRule(
            version=row["version"],
            item=DisclosureItem(row["item"]),
            period=DutyPeriod(row["period"]),
            value=row["value"],
            unit=LimitUnit(row["unit"]),
            meeting_wd=row["meeting_wd"],
            source=row["source"],
        )
        for row in await conn.fetch(QUERIES.list_committee_duty_rules)
    ]
