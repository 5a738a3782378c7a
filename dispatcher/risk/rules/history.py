"""What happened before: at this place, and with the devices that report."""

from typing import Final

from dispatcher.risk.rules.seen import WITNESSES_MAX, Found, Rule, Seen, named


def _earlier_incidents(seen: Seen) -> Found | None:
    earlier = seen.facts.earlier
    if not earlier:
        return None
    days = seen.table.parameters["earlier_days"]
    return Found(
        level=len(earlier),
        witnesses=tuple(each.uid for each in earlier[:WITNESSES_MAX]),
        zh=f"{days} 日内同地同类已发生 {len(earlier)} 次",
        en=f"the same happened here {len(earlier)} times within {days} days",
    )


def _doubtful_devices(seen: Seen) -> Found | None:
    """Only where every single reporter is in doubt: one sound witness ends it, so it can only end as a set grows."""
    subjects = seen.tally.subjects
    if not subjects or not subjects.keys() <= seen.facts.doubted:
        return None
    return Found(
        level=1,
        witnesses=named(subjects.values()),
        zh="报告设备近期误报较多或状态抖动",
        en="every device that reports it gave false alarms or flaps",
    )


RULES: Final = (Rule("earlier_incidents", _earlier_incidents), Rule("doubtful_devices", _doubtful_devices))
