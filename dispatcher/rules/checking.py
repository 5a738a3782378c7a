"""What is wrong with a document of rules, each finding at its exact path. Pure."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from dispatcher.rules.document import FORMAT, GroupRules, RuleDocument
from dispatcher.rules.findings import Finding, FindingCode, Weight
from registry.event_kinds import GROUP_OF_ALL

UNCLASSIFIED: Final = "unclassified"
DAY_S: Final = 86_400
# Above so many further events within reach of an event, on average, unrelated ones are found together as a rule; from
# the second figure on single linkage percolates: one incident swallows the city (measured on uniform traffic).
NEIGHBOURS_WISE: Final = 1.0
NEIGHBOURS_PERCOLATE: Final = 2.45

# Parameter of a group -> least and greatest value that make sense in a city.
RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "r_m": (1, 10_000),
    "t_s": (1, 14 * DAY_S),
    "g_s": (0, 14 * DAY_S),
    "m": (1, 64),
    "lateness_s": (0, 14 * DAY_S),
    "tile_s": (0, 366 * DAY_S),
    "follow_s": (0, 366 * DAY_S),
    "flap_window_s": (0, 14 * DAY_S),
    "flap_on": (1, 1000),
    "flap_off": (0, 999),
}


def check(
    document: RuleDocument,
    kinds: Collection[str],
    references: Mapping[str, Collection[int]] = MappingProxyType({}),
    patterns: Mapping[str, Collection[int]] = MappingProxyType({}),
) -> list[Finding]:
    """Everything wrong with a document, given the kinds and patterns of the master data, these with their versions,
    and which versions a reference may name.
    """
    return [
        *_check_format(document),
        *_check_references(document, references),
        *_check_groups(document),
        *_check_kinds(document, kinds),
        *_check_matrix(document),
        *_check_patterns(document, patterns),
    ]


def check_traffic(document: RuleDocument, neighbours: Mapping[str, float]) -> list[Finding]:
    """Groups whose reach is too wide for the traffic on record; `neighbours` of an average event, by group."""
    return [
        Finding(
            f"groups.{group}",
            FindingCode.PERCOLATES,
            Weight.WARNING,
            f"按已有记录，每个事件在 R、T 范围内平均有 {mean:.2f} 个其他事件（宜不超过 {NEIGHBOURS_WISE:g}，"
            f"{NEIGHBOURS_PERCOLATE:g} 以上全城将连成一个案件）",
            f"by the record an event has {mean:.2f} others within R and T on average (wise up to {NEIGHBOURS_WISE:g};"
            f" from {NEIGHBOURS_PERCOLATE:g} on one incident swallows the city)",
        )
        for group, mean in sorted(neighbours.items())
        if mean > NEIGHBOURS_WISE and group in document.groups and document.groups[group].clustered
    ]


def errors_in(findings: Collection[Finding]) -> list[Finding]:
    return [found for found in findings if found.weight is Weight.ERROR]


def _check_format(document: RuleDocument) -> Iterator[Finding]:
    if document.format != FORMAT:
        yield _error("format", FindingCode.FORMAT_UNKNOWN, "未知的格式版本", f"format {document.format} is not known")


def _check_references(document: RuleDocument, known: Mapping[str, Collection[int]]) -> Iterator[Finding]:
    for name, version in sorted(document.references.items()):
        if version not in known.get(name, ()):
            yield _error(
                f"references.{name}", FindingCode.UNKNOWN_REFERENCE, f"没有版本 {version}", f"has no version {version}"
            )


def _check_groups(document: RuleDocument) -> Iterator[Finding]:
    used = {rules.group for rules in document.kinds.values()}
    for name, group in sorted(document.groups.items()):
        yield from _check_ranges(name, group)
        if name not in used:
            yield _error(f"groups.{name}", FindingCode.GROUP_WITHOUT_KINDS, "没有任何案由属于该组", "no kind is in it")


def _check_ranges(name: str, group: GroupRules) -> Iterator[Finding]:
    for parameter, (least, greatest) in RANGES.items():
        value = getattr(group, parameter)
        if not least <= value <= greatest:
            yield _out_of_range(f"groups.{name}.{parameter}", value, least, greatest)
    if group.flap_off >= group.flap_on:
        yield _out_of_range(f"groups.{name}.flap_off", group.flap_off, 0, group.flap_on - 1)


def _check_kinds(document: RuleDocument, kinds: Collection[str]) -> Iterator[Finding]:
    if UNCLASSIFIED not in document.kinds:
        yield _error(
            "kinds",
            FindingCode.UNCLASSIFIED_MISSING,
            "缺少 unclassified 的规则",
            f"{UNCLASSIFIED} has no rules: what is known of nothing must be ruled",
        )
    for name, rules in sorted(document.kinds.items()):
        if name not in kinds:
            yield _error(f"kinds.{name}", FindingCode.UNKNOWN_KIND, "主数据中没有该案由", "no such kind")
        if rules.group not in document.groups:
            yield _error(
                f"kinds.{name}.group", FindingCode.UNKNOWN_GROUP, f"没有组 {rules.group}", f"no group {rules.group}"
            )
        for axis, value in (("likelihood", rules.likelihood), ("consequence", rules.consequence)):
            if not 1 <= value <= 5:
                yield _out_of_range(f"kinds.{name}.{axis}", value, 1, 5)
    for name in sorted(set(kinds) - document.kinds.keys()):
        yield Finding(
            f"kinds.{name}",
            FindingCode.KIND_WITHOUT_RULES,
            Weight.WARNING,
            "没有规则，按 unclassified 处理",
            f"has no rules and is treated as {UNCLASSIFIED}",
        )


def _check_matrix(document: RuleDocument) -> Iterator[Finding]:
    axis = [str(n) for n in range(1, 6)]
    whole = True
    for row in sorted(set(axis) | document.matrix.keys()):
        grades = document.matrix.get(row)
        if row not in axis or grades is None or len(grades) != len(axis):
            whole = False
            said = "has no grades" if grades is None else f"has {len(grades)} grades" if row in axis else "is no row"
            yield _error(
                f"matrix.{row}",
                FindingCode.MATRIX_INCOMPLETE,
                "矩阵应有 5 行，每行 5 个等级",
                f"{said}; the matrix has 5 rows (consequence) of 5 grades (likelihood)",
            )
            continue
        for place, grade in enumerate(grades):
            if not 1 <= grade <= 4:
                whole = False
                yield _out_of_range(f"matrix.{row}[{place}]", grade, 1, 4)
    if whole:
        yield from _check_monotone(document)


def _check_monotone(document: RuleDocument) -> Iterator[Finding]:
    for consequence in range(1, 6):
        for likelihood in range(1, 6):
            grade = document.grade(consequence=consequence, likelihood=likelihood)
            for less, name in (((consequence - 1, likelihood), "less grave"), ((consequence, likelihood - 1), "rarer")):
                if 0 in less:
                    continue
                below = document.grade(consequence=less[0], likelihood=less[1])
                if below < grade:
                    yield _error(
                        f"matrix.{consequence}[{likelihood - 1}]",
                        FindingCode.MATRIX_NOT_MONOTONE,
                        f"等级 {grade} 低于更轻情形的等级 {below}",
                        f"grade {grade} is below grade {below} of what is {name}",
                    )


def _check_patterns(document: RuleDocument, known: Mapping[str, Collection[int]]) -> Iterator[Finding]:
    if document.patterns is None or GROUP_OF_ALL in document.groups:  # a replay looks for nothing
        return
    for name, rules in sorted(document.patterns.items()):
        if rules.version not in known.get(name, ()):
            yield _error(
                f"patterns.{name}.version",
                FindingCode.UNKNOWN_REFERENCE,
                f"没有版本 {rules.version}",
                f"has no version {rules.version}",
            )
    for name in sorted(known.keys() - document.patterns.keys()):
        yield Finding(
            f"patterns.{name}",
            FindingCode.PATTERN_WITHOUT_RULES,
            Weight.WARNING,
            "规则中未列出，不予查找",
            "is not named and not looked for",
        )


def _out_of_range(path: str, value: int, least: int, greatest: int) -> Finding:
    return _error(
        path,
        FindingCode.OUT_OF_RANGE,
        f"{value} 不在 {least} 至 {greatest} 之间",
        f"{value} is outside [{least}, {greatest}]",
    )


def _error(path: str, code: FindingCode, zh: str, en: str) -> Finding:
    return Finding(path, code, Weight.ERROR, zh, en)
