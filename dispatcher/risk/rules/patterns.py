"""A known pattern is complete: what happened is more than its single events."""

from typing import Final

from dispatcher.risk.rules.seen import WITNESSES_MAX, Rule, Seen, Told


def _pattern(seen: Seen) -> int:
    """Two patterns are not worth more than one: their events are often the same."""
    return len(seen.facts.matches)


def _tell_patterns(seen: Seen) -> Told:
    matches = sorted(seen.facts.matches)
    uids = dict.fromkeys(uid for match in matches for uid in match.witnesses)
    return Told(
        witnesses=tuple(uids)[:WITNESSES_MAX],
        zh="符合模式：" + "、".join(f"{match.zh}（v{match.version}）" for match in matches),
        en="Complete pattern: " + ", ".join(f"{match.en} (v{match.version})" for match in matches),
    )


RULES: Final = (Rule("pattern", _pattern, _tell_patterns),)
