"""A disclosure as the rules see it: its state, its level, what is blacked out, and who may set which. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment


class DisclosureState(StrEnum):
    """Equal to the SQL enum `disclosure_state`."""

    DRAFT = "draft"  # 草拟: with the editor
    CHECKED = "checked"  # 已审查: secret, commercial secret and privacy were looked at
    APPROVED = "approved"  # 已审核: by a second person
    PUBLISHED = "published"  # 已公开
    WITHHELD = "withheld"  # 不予公开: for a coded reason, by two persons; still counted
    WITHDRAWN = "withdrawn"  # 已撤回: residents read why


class MatterOutcome(StrEnum):
    """How a matter of self-governance ended (ruling A15); equal to the SQL enum `matter_outcome`."""

    MEDIATED = "mediated"  # 调解成功: both parties consented
    RESOLUTION = "resolution"  # 议事会、坝坝会决议: with its minutes
    NO_AGREEMENT = "no_agreement"  # 未达成一致
    COURT = "court"  # 引导诉讼


class Withdrawal(StrEnum):
    """Why something is taken back; what was published wrongly is due again."""

    ERROR = "error"  # 内容有误: a corrected one follows
    PERSONAL_DATUM = "personal_datum"  # 含个人信息: one without it follows
    NOT_PUBLIC = "not_public"  # 不应公开: nothing follows
    REOPENED = "reopened"  # 重新办理: said by the platform; a new report follows at the end

    @property
    def is_due_again(self) -> bool:
        return self in (Withdrawal.ERROR, Withdrawal.PERSONAL_DATUM)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to before `end` of the draft; `reason` says why a datum that was found stays."""

    start: int
    end: int
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"start": self.start, "end": self.end}
        return shown if self.reason is None else shown | {"reason": self.reason}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Stretch":
        return cls(told["start"], told["end"], told.get("reason"))


_ONE_BY_ONE: Final = frozenset({DisclosureLevel.FULL, DisclosureLevel.PRESENCE_ONLY, DisclosureLevel.NEVER})


def levels_allowed(
    item: DisclosureItem, moment: DisclosureMoment, *, undisclosed: bool, ticket_open: bool
) -> frozenset[DisclosureLevel]:
    """The levels that an editor may choose.

    `undisclosed`: the kind is never told one by one. A matter of public safety is told by its presence alone while its
    ticket is open, unless a warning was decided.
    """
    if moment is DisclosureMoment.MONTH:
        return frozenset({DisclosureLevel.STATISTICS})
    if undisclosed:
        return frozenset({DisclosureLevel.NEVER})
    if item is DisclosureItem.PUBLIC_SAFETY and ticket_open and moment is not DisclosureMoment.WARNING:
        return frozenset({DisclosureLevel.PRESENCE_ONLY, DisclosureLevel.NEVER})
    return _ONE_BY_ONE
