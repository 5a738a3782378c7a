"""Who reports: independent classes of source, and many of one class."""

from typing import Final

from dispatcher.risk.rules.seen import Rule, Seen, Told, named
from events.model import SourceClass

CLASS_ZH: Final = {
    SourceClass.SENSOR: "传感器",
    SourceClass.CAMERA: "摄像机",
    SourceClass.GATE: "门禁",
    SourceClass.FEED: "外部系统",
    SourceClass.HOTLINE: "市民来电",
    SourceClass.CLOCK: "平台",
}


def _independent_sources(seen: Seen) -> int:
    """Each further independent class of source makes it likelier; ten cameras are still one class."""
    classes = seen.tally.classes
    return len(classes) if len(classes) > 1 else 0


def _tell_sources(seen: Seen) -> Told:
    classes = seen.tally.classes
    return Told(
        witnesses=named(classes.values()),
        zh=f"{len(classes)} 类独立来源相互印证（{'、'.join(CLASS_ZH[each] for each in classes)}）",
        en=f"{len(classes)} independent classes of source agree ({', '.join(each.value for each in classes)})",
    )


def _repeated_reports(seen: Seen) -> int:
    """Many that report alike: counted by who reports, never by how often; worth less than a step (see the table)."""
    return len(seen.tally.subjects)


def _tell_repeats(seen: Seen) -> Told:
    subjects = seen.tally.subjects
    return Told(
        witnesses=named(subjects.values()),
        zh=f"{len(subjects)} 处来源报告同一事件",
        en=f"{len(subjects)} places report it alike",
    )


RULES: Final = (
    Rule("independent_sources", _independent_sources, _tell_sources),
    Rule("repeated_reports", _repeated_reports, _tell_repeats),
)
