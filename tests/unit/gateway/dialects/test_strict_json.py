"""Bad JSON of every kind: a typed refusal, quickly, and never a crash; good JSON comes through unchanged."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.model import QuarantineReason
from gateway.dialects.model import PAYLOAD_MAX_BYTES, RefusedError
from gateway.dialects.strict_json import DEPTH_MAX, parse
from sensors.payload import INT64_MAX

BAD = {
    "empty": (b"", QuarantineReason.BAD_JSON),
    "truncated": (b'{"a":', QuarantineReason.BAD_JSON),
    "text after the document": (b"{} x", QuarantineReason.BAD_JSON),
    "byte order mark": (b"\xef\xbb\xbf{}", QuarantineReason.BAD_JSON),
    "not UTF-8": (b'{"a":"\xff"}', QuarantineReason.BAD_ENCODING),
    "surrogate as UTF-8": (b'{"a":"\xed\xa0\x80"}', QuarantineReason.BAD_ENCODING),
    "lone surrogate": (b'{"a":"\\ud800"}', QuarantineReason.BAD_ENCODING),
    "raw NUL": (b'{"a":"\x00"}', QuarantineReason.NUL_CHAR),
    "escaped NUL": (b'{"a":"\\u0000"}', QuarantineReason.NUL_CHAR),
    "escaped NUL in a name": (b'{"\\u0000":1}', QuarantineReason.NUL_CHAR),
    "NaN": (b'{"a":NaN}', QuarantineReason.NUMBER_RANGE),
    "infinity": (b'{"a":-Infinity}', QuarantineReason.NUMBER_RANGE),
    "a float beyond every range": (b'{"a":1e400}', QuarantineReason.NUMBER_RANGE),
    "a whole number above int64": (b'{"a":9223372036854775808}', QuarantineReason.NUMBER_RANGE),
    "a whole number below int64": (b'{"a":-9223372036854775809}', QuarantineReason.NUMBER_RANGE),
    "a whole number of 4,000 digits": (b'{"a":' + b"9" * 4000 + b"}", QuarantineReason.NUMBER_RANGE),
    "a name twice": (b'{"a":1,"a":2}', QuarantineReason.DUPLICATE_KEY),
    "a name twice, spelled otherwise": (b'{"a":1,"\\u0061":2}', QuarantineReason.DUPLICATE_KEY),
    "a name twice, deep": (b'{"a":[{"b":{"c":1,"c":1}}]}', QuarantineReason.DUPLICATE_KEY),
    "nested bomb": (b"[" * 30_000 + b"]" * 30_000, QuarantineReason.TOO_DEEP),
    "nested bomb without end": (b'{"a":' * 10_000, QuarantineReason.TOO_DEEP),
    "a byte too long": (b'"' + b"x" * (PAYLOAD_MAX_BYTES - 1) + b'"', QuarantineReason.TOO_LARGE),
}


@pytest.mark.parametrize(("payload", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_json_is_refused_with_its_reason(payload: bytes, reason: QuarantineReason) -> None:
    with pytest.raises(RefusedError) as refused:
        parse(payload)
    assert refused.value.reason is reason


GOOD = {
    "brackets inside a text": b'{"a":"' + b"[{" * 100 + b'"}',
    "colons inside a text": b'{"a":"::::","b":":"}',
    "an escaped backslash before u0000": b'{"a":"\\\\u0000"}',
    "as deep as allowed": b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
    "many brackets side by side": b"[" + b",".join([b"{}"] * 1000) + b"]",
    "the greatest whole number": str(INT64_MAX).encode(),
    "a pair of surrogates": b'"\\ud83d\\ude00"',
}


@pytest.mark.parametrize("payload", GOOD.values(), ids=GOOD.keys())
def test_good_json_that_looks_bad_is_read(payload: bytes) -> None:
    assert parse(payload) == json.loads(payload)


def test_hostile_strings_cost_one_pass() -> None:
    parse_all = [b'"' + b'\\"' * 32_000, b'"' * 65_536, b'[{"' * 20_000, b"\\" * 65_536, b'{"' + b"[" * 60_000]
    for payload in parse_all:
        with pytest.raises(RefusedError):
            parse(payload)


scalars = st.none() | st.booleans() | st.integers(-INT64_MAX, INT64_MAX) | st.text(max_size=8)
documents = st.recursive(
    scalars | st.floats(-1e15, 1e15), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=6), inner)
)


def unstorable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(unstorable(name) or unstorable(member) for name, member in value.items())
    return isinstance(value, list) and any(unstorable(member) for member in value)


@given(documents, st.booleans())
def test_document_comes_through_or_holds_nul(document: Any, escaped: bool) -> None:
    payload = json.dumps(document, ensure_ascii=escaped).encode()
    if unstorable(document):
        with pytest.raises(RefusedError) as refused:
            parse(payload)
        assert refused.value.reason is QuarantineReason.NUL_CHAR
    else:
        assert parse(payload) == document


@given(st.binary(max_size=300) | st.text(alphabet='{}[]":,\\u0d8a1eE-.NaIfity \x00', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        value = parse(payload)
    except RefusedError:
        return
    assert_storable(value)


def assert_storable(value: Any) -> None:
    if isinstance(value, str):
        assert "\x00" not in value
        value.encode("utf-8")
    elif isinstance(value, dict):
        for name, member in value.items():
            assert_storable(name)
            assert_storable(member)
    elif isinstance(value, list):
        for member in value:
            assert_storable(member)
    elif isinstance(value, int):
        assert -INT64_MAX - 1 <= value <= INT64_MAX
    elif isinstance(value, float):
        assert math.isfinite(value)
