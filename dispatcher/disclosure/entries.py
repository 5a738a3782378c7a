"""Reads what an editor sends: the change of a draft, field by field, or why it cannot be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dispatcher.admission.errors import EntryRefused
from dispatcher.disclosure.model import Stretch, levels_allowed
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment, NeverReason

TEXT_MAX: Final = 20_000
_TITLE_MAX: Final = 200
_STRETCHES_MAX: Final = 200
_REASON_MAX: Final = 500
_KNOWN: Final = frozenset({"title", "text", "redactions", "waivers", "level", "never_reason"})


@dataclass(frozen=True, slots=True)
class Edited:
    """A draft as it stands after a change."""

    title: str
    text: str
    redactions: tuple[Stretch, ...]
    waivers: tuple[Stretch, ...]
    level: DisclosureLevel
    never_reason: NeverReason | None


def edited(row: Mapping[str, Any], fields: Mapping[str, Any], *, undisclosed: bool, ticket_open: bool) -> Edited:
    """The row with the fields of a change. Raises EntryRefused. A new text takes its stretches along or loses them."""
    for name in fields:
        if name not in _KNOWN:
            raise EntryRefused(name, "is no field of a draft")
    text = _words(fields, "text", row["text"], TEXT_MAX, may_be_empty=True)
    kept: Mapping[str, Any] = {} if text != row["text"] else row
    level, reason = _level(row, fields, undisclosed=undisclosed, ticket_open=ticket_open)
    return Edited(
        title=_words(fields, "title", row["title"], _TITLE_MAX, may_be_empty=False),
        text=text,
        redactions=_stretches(fields, "redactions", kept, with_reason=False),
        waivers=_stretches(fields, "waivers", kept, with_reason=True),
        level=level,
        never_reason=reason,
    )


def _level(
    row: Mapping[str, Any], fields: Mapping[str, Any], *, undisclosed: bool, ticket_open: bool
) -> tuple[DisclosureLevel, NeverReason | None]:
    level = _word(fields.get("level", row["level"]), DisclosureLevel, "level")
    allowed = levels_allowed(
        DisclosureItem(row["item"]), DisclosureMoment(row["moment"]), undisclosed=undisclosed, ticket_open=ticket_open
    )
    if level not in allowed:
        raise EntryRefused("level", f"may be {' or '.join(sorted(allowed))}")
    if level is not DisclosureLevel.NEVER:
        if fields.get("never_reason") is not None:
            raise EntryRefused("never_reason", "goes with the level never alone")
        return level, None
    given = fields.get("never_reason", row["never_reason"])
    if given is None:
        raise EntryRefused("never_reason", "is needed: one of " + ", ".join(NeverReason))
    return level, _word(given, NeverReason, "never_reason")


def _word(given: Any, words: Any, name: str) -> Any:
    if not isinstance(given, str) or given not in set(words):
        raise EntryRefused(name, "is one of " + ", ".join(words))
    return words(given)


def _words(fields: Mapping[str, Any], name: str, standing: str, longest: int, *, may_be_empty: bool) -> str:
    given = fields.get(name, standing)
    if not isinstance(given, str) or len(given) > longest or "\x00" in given or not (may_be_empty or given.strip()):
        raise EntryRefused(name, f"is a text of at most {longest} characters")
    return given


def _stretches(
    fields: Mapping[str, Any], name: str, kept: Mapping[str, Any], *, with_reason: bool
) -> tuple[Stretch, ...]:
    given = fields.get(name, kept.get(name, []))
    if not isinstance(given, list) or len(given) > _STRETCHES_MAX:
        raise EntryRefused(name, f"is a list of at most {_STRETCHES_MAX} stretches")
    return tuple(_stretch(each, name, with_reason=with_reason) for each in given)


def _stretch(given: Any, name: str, *, with_reason: bool) -> Stretch:
    keys = {"start", "end", "reason"} if with_reason else {"start", "end"}
    if not isinstance(given, dict) or set(given) != keys:
        raise EntryRefused(name, f"a stretch has {', '.join(sorted(keys))}")
    start, end, reason = given["start"], given["end"], given.get("reason")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= TEXT_MAX:
        raise EntryRefused(name, "a stretch starts before it ends, within the text")
    said = isinstance(reason, str) and reason.strip() and len(reason) <= _REASON_MAX and "\x00" not in reason
    if with_reason and not said:
        raise EntryRefused(name, f"what is taken back has a reason of at most {_REASON_MAX} characters")
    return Stretch(start, end, reason if with_reason else None)
