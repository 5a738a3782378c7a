"""What happened before: at this place, and with the devices that report."""

from typing import Final

from dispatcher.risk.rules.seen import WITNESSES_MAX, Rule, Seen, Told, named


def _earlier_incidents(seen: Seen) -> int:
    return len(seen.facts.earlier)


def _tell_earlier(seen: Seen) -> Told:
    earlier, days = seen.facts.earlier, seen.table.parameters["earlier_days"]
    return Told(
        witnesses=tuple(each.uid for each in earlier[:WITNESSES_MAX]),
        zh=f"{days} 日内同地同类已发生 {len(earlier)} 次",
        en=f"the same happened here {len(earlier)} times within {days} days",
    )


def _doubtful_devices(seen: Seen) -> int:
    """Only where every single reporter is in doubt: one sound witness ends it, so it can only end as a set grows."""
    subjects = seen.tally.subjects
    return int(bool(subjects) and subjects.keys() <= seen.facts.doubted)


def _tell_doubt(seen: Seen) -> Told:
    return Told(
        witnesses=named(seen.tally.subjects.values()),
        zh="报告设备近期误报较多或状态抖动",
        en="every device that reports it gave false alarms or flaps",
    )


RULES: Final = (
    Rule("earlier_incidents", _earlier_incidents, _tell_earlier),
    Rule("doubtful_devices", _doubtful_devices, _tell_doubt),
)
