"""A document of rules: the file is the document, its digest is of what it says, and changes are told value by value."""

import json
import math
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.rules.checking import NEIGHBOURS_PERCOLATE, RANGES, check, check_traffic
from dispatcher.rules.difference import Change, difference
from dispatcher.rules.document import PatternMode, RuleDocument, parse
from dispatcher.rules.errors import RuleFileUnreadable
from dispatcher.rules.files import as_json, as_toml, read_content
from dispatcher.rules.findings import Finding, FindingCode, Weight
from dispatcher.rules.percolation import OCCURRENCES_MIN, Traffic, neighbours

MATRIX = {"1": [4, 4, 4, 4, 4], "2": [4, 4, 3, 3, 3], "3": [4, 3, 3, 2, 2], "4": [3, 3, 2, 2, 1], "5": [3, 2, 2, 1, 1]}
GROUP = {
    "zh_name": "火",
    "en_name": "Fire",
    "clustered": True,
    "r_m": 150,
    "t_s": 600,
    "g_s": 60,
    "m": 1,
    "lateness_s": 900,
}
KIND = {"group": "fire", "likelihood": 3, "consequence": 4, "mode": "auto_ticket"}
CONTENT: dict[str, Any] = {
    "groups": {"fire": GROUP},
    "kinds": {"outdoor_fire": KIND, "unclassified": KIND},
    "matrix": MATRIX,
}
KINDS = ("outdoor_fire", "unclassified")


def document(**changes: object) -> RuleDocument:
    made = parse(CONTENT | changes)
    assert isinstance(made, RuleDocument), made
    return made


keys = st.from_regex(r"\A[a-z0-9_]{1,12}\Z")
names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
wholes = st.integers(-(2**31), 2**31 - 1)
groups = st.builds(
    lambda zh, en, clustered, *numbers: (
        {"zh_name": zh, "en_name": en, "clustered": clustered}
        | dict(zip(("r_m", "t_s", "g_s", "m", "lateness_s", "tile_s"), numbers, strict=True))
    ),
    names,
    names,
    st.booleans(),
    *[wholes] * 6,
)
kinds = st.builds(
    lambda group, likelihood, consequence, mode: {
        "group": group,
        "likelihood": likelihood,
        "consequence": consequence,
        "mode": mode,
    },
    keys,
    wholes,
    wholes,
    st.sampled_from(("auto_ticket", "review", "notice_only")),
)
patterns = st.builds(
    lambda version, mode: {"version": version, "mode": mode},
    wholes,
    st.sampled_from([mode.value for mode in PatternMode]),
)
contents = st.builds(
    lambda groups, kinds, matrix, references, patterns: {
        "groups": groups,
        "kinds": kinds,
        "matrix": matrix,
        "references": references,
        "patterns": patterns,
    },
    st.dictionaries(keys, groups, max_size=4),
    st.dictionaries(keys, kinds, max_size=4),
    st.dictionaries(st.sampled_from("12345"), st.lists(wholes, max_size=6)),
    st.dictionaries(keys, wholes, max_size=3),
    st.none() | st.dictionaries(keys, patterns, max_size=3),
)


@given(contents, st.text(max_size=40).filter(lambda said: said.isprintable()))
def test_a_document_survives_its_file(content: dict[str, Any], said: str) -> None:
    before = parse(content)
    assert isinstance(before, RuleDocument)
    for written in (tomllib.loads(as_toml(before, said_of_it=said)), json.loads(as_json(before))):
        after = parse(written)
        assert isinstance(after, RuleDocument)
        assert (after, after.sha256) == (before, before.sha256)
        assert check(after, KINDS) == check(before, KINDS)
        assert difference(before, after) == []


def test_the_digest_is_of_what_it_says_not_of_the_order() -> None:
    turned = document(kinds=dict(reversed(CONTENT["kinds"].items())), matrix=dict(reversed(MATRIX.items())))
    assert turned.sha256 == document().sha256
    assert document(matrix=MATRIX | {"5": [3, 2, 2, 2, 1]}).sha256 != document().sha256


def test_a_document_from_before_patterns_were_ruled_keeps_its_digest() -> None:
    assert document().sha256 == document(patterns=None).sha256 != document(patterns={}).sha256
    assert "patterns" not in document().content()


def test_changes_are_told_value_by_value() -> None:
    after = document(
        groups={"fire": GROUP | {"r_m": 200}},
        matrix=MATRIX | {"5": [3, 2, 2, 2, 1]},
        kinds={"unclassified": KIND},
    )
    assert difference(document(), after) == [
        Change("groups.fire.r_m", 150, 200),
        Change("kinds.outdoor_fire", document().kinds["outdoor_fire"].model_dump(mode="json"), None),
        Change("matrix.5[3]", 1, 2),
    ]


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"format": 2}, "format", FindingCode.FORMAT_UNKNOWN),
        ({"kinds": {"outdoor_fire": KIND}}, "kinds", FindingCode.UNCLASSIFIED_MISSING),
        ({"groups": {"fire": GROUP | {"m": 0}}}, "groups.fire.m", FindingCode.OUT_OF_RANGE),
        ({"groups": {"fire": GROUP | {"flap_on": 1}}}, "groups.fire.flap_off", FindingCode.OUT_OF_RANGE),
        ({"matrix": {"1": [4] * 5}}, "matrix.4", FindingCode.MATRIX_INCOMPLETE),
        ({"matrix": MATRIX | {"6": [1] * 5}}, "matrix.6", FindingCode.MATRIX_INCOMPLETE),
        ({"matrix": MATRIX | {"2": [4, 4, 3, 3, 0]}}, "matrix.2[4]", FindingCode.OUT_OF_RANGE),
        ({"matrix": MATRIX | {"2": [4, 3, 4, 3, 3]}}, "matrix.2[2]", FindingCode.MATRIX_NOT_MONOTONE),
        ({"references": {"patterns": 1}}, "references.patterns", FindingCode.UNKNOWN_REFERENCE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_found_at_its_path(changes: dict[str, object], path: str, code: FindingCode) -> None:
    assert check(document(), KINDS) == []
    found = check(document(**changes), KINDS)
    assert (path, code, Weight.ERROR) in [(one.path, one.code, one.weight) for one in found]


def test_a_kind_that_is_not_ruled_is_a_warning() -> None:
    (found,) = check(document(), (*KINDS, "brawl_violence"))
    assert (found.path, found.code, found.weight) == (
        "kinds.brawl_violence",
        FindingCode.KIND_WITHOUT_RULES,
        Weight.WARNING,
    )


@pytest.mark.parametrize("of", [{"version": 3, "mode": "active"}, {"version": 1, "mode": "inactive"}])
def test_a_version_of_a_pattern_that_is_not_there_is_an_error_and_a_pattern_that_is_not_named_a_warning(
    of: dict[str, object],
) -> None:
    known = {"gas_leak": {1, 2}, "bin_fire": {1}}
    assert check(document(), KINDS, patterns=known) == []
    found = {one.path: (one.code, one.weight) for one in check(document(patterns={"gas_leak": of}), KINDS, {}, known)}
    assert found.pop("patterns.bin_fire") == (FindingCode.PATTERN_WITHOUT_RULES, Weight.WARNING)
    unknown = {"patterns.gas_leak.version": (FindingCode.UNKNOWN_REFERENCE, Weight.ERROR)}
    assert found == (unknown if of["version"] == 3 else {})


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (CONTENT | {"groups": {"fire": GROUP | {"r_m": "150"}}}, "groups.fire.r_m"),
        (CONTENT | {"extra": 1}, "extra"),
        (CONTENT | {"kinds": {"Fire!": KIND}}, "kinds.Fire!"),
        ([], ""),
    ],
    ids=["text for a number", "unknown field", "a name that is none", "no object"],
)
def test_what_has_not_the_shape_is_refused_at_its_path(content: object, path: str) -> None:
    found = parse(content)
    assert isinstance(found, list)
    assert path in [one.path for one in found]
    assert {one.code for one in found} == {FindingCode.SHAPE}


def test_a_path_is_taken_apart_as_programs_need_it() -> None:
    found = Finding("matrix.4[2]", FindingCode.OUT_OF_RANGE, Weight.ERROR, "", "")
    assert found.loc == ["matrix", "4", 2]


@pytest.mark.parametrize(("name", "said"), [("a.toml", "a = "), ("a.json", "{"), ("b.toml", "\x00")])
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(said)
    with pytest.raises(RuleFileUnreadable):
        read_content(path)


def test_neighbours_are_those_of_an_even_crowd() -> None:
    # 1,000 occurrences a square kilometre and day: density * pi R^2 * 2T, in the square where they are.
    span = timedelta(days=1)
    traffic = [Traffic("outdoor_fire", 0, 0, 500), Traffic("unclassified", 0, 0, 500), Traffic("unclassified", 9, 9, 1)]
    expected = 1000 * math.pi * 0.15**2 * (2 * 600 / 86_400)
    assert neighbours(document(), traffic, span)["fire"] == pytest.approx(expected, rel=0.01)
    assert neighbours(document(), [Traffic("outdoor_fire", 0, 0, OCCURRENCES_MIN - 1)], span) == {}


def test_a_crowded_reach_is_a_warning_and_a_group_that_stands_alone_is_none() -> None:
    assert check_traffic(document(), {"fire": 0.9}) == []
    (found,) = check_traffic(document(), {"fire": NEIGHBOURS_PERCOLATE})
    assert (found.path, found.code, found.weight) == ("groups.fire", FindingCode.PERCOLATES, Weight.WARNING)
    alone = document(groups={"fire": GROUP | {"clustered": False}})
    assert check_traffic(alone, {"fire": 9.0}) == []


@pytest.mark.parametrize("end", [0, 1])
def test_kernels_take_every_group_that_the_check_lets_through(end: int) -> None:
    values = {name: bounds[end] for name, bounds in RANGES.items()}
    GroupTable(
        [
            Group(
                radius_dm=values["r_m"] * 10,
                window_ms=values["t_s"] * 1000,
                gap_ms=values["g_s"] * 1000,
                m=values["m"],
                lateness_ms=values["lateness_s"] * 1000,
            )
        ]
    )
