"""A known pattern is complete: what happened is more than its single events."""

from typing import Final

from dispatcher.risk.rules.seen import WITNESSES_MAX, Found, Rule, Seen


def _pattern(seen: Seen) -> Found | None:
    """Two patterns are not worth more than one: their events are often the same."""
    matches = sorted(seen.facts.matches)
    if not matches:
        return None
    uids = dict.fromkeys(uid for match in matches for uid in match.witnesses)
    return Found(
        level=len(matches),
        witnesses=tuple(uids)[:WITNESSES_MAX],
        zh="符合模式：" + "、".join(f"{match.zh}（v{match.version}）" for match in matches),
        en="Complete pattern: " + ", ".join(f"{match.en} (v{match.version})" for match in matches),
    )


RULES: Final = (Rule("pattern", _pattern),)
