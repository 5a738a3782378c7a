"""Strict JSON: bounded before it is parsed, no name twice, no number or text that PostgreSQL could not store."""

import json
import re
from typing import Any, Final, NoReturn

import orjson

from events.model import QuarantineReason
from gateway.dialects.model import PAYLOAD_MAX_BYTES, RefusedError
from sensors.payload import INT64_MAX

DEPTH_MAX: Final = 24

# Possessive, so that a hostile string costs one pass; an unterminated one runs to the end.
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_INT64_FLOAT: Final = float(INT64_MAX)
_INT64_DIGITS: Final = len(str(-INT64_MAX))


def parse(payload: bytes) -> Any:
    """Decode a payload. Raises RefusedError with the reason for quarantine; never takes long or recurses deeply."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        raise RefusedError(QuarantineReason.TOO_LARGE, f"{len(payload)} bytes, at most {PAYLOAD_MAX_BYTES}")
    if payload.count(b"{") + payload.count(b"[") > DEPTH_MAX:
        _refuse_depth(payload)
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as fault:
        _refuse_malformed(payload, str(fault))
    # orjson turns an escaped U+0000 into the character, a long whole number into a float, and keeps the last twin name.
    if b"\\u0000" in payload and _holds_nul(value):
        raise RefusedError(QuarantineReason.NUL_CHAR, "a text holds U+0000")
    names = _count_names(value)
    if payload.count(b":") != names:  # A twin, or a colon inside a text.
        _refuse_twins(payload)
    return value


def _count_names(root: Any) -> int:
    """How many names all objects hold together; refuses whole numbers beyond int64 on the way."""
    names = 0
    pending = [root]
    while pending:
        value = pending.pop()
        if type(value) is dict:
            names += len(value)
            members: Any = value.values()
        elif type(value) is list:
            members = value
        else:
            members = (value,)
        for member in members:
            kind = type(member)
            if kind is dict or kind is list:
                pending.append(member)
            elif kind is int:
                if member > INT64_MAX:
                    raise RefusedError(QuarantineReason.NUMBER_RANGE, "a whole number beyond int64")
            elif kind is float and (member >= _INT64_FLOAT or member <= -_INT64_FLOAT):
                raise RefusedError(QuarantineReason.NUMBER_RANGE, "a number beyond int64")
    return names


def _holds_nul(root: Any) -> bool:
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            if "\x00" in value:
                return True
        elif isinstance(value, dict):
            pending.extend(value.keys())
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False


def _refuse_depth(payload: bytes) -> None:
    """Raise if brackets outside texts nest beyond the limit; looks at bytes only, so nothing is built."""
    depth = 0
    for bracket in _STRING.sub(b"", payload).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise RefusedError(QuarantineReason.TOO_DEEP, f"nested deeper than {DEPTH_MAX}")
        else:
            depth -= 1


def _refuse_twins(payload: bytes) -> None:
    json.loads(payload, object_pairs_hook=_refuse_twin_names, parse_int=len, parse_float=len)


def _refuse_twin_names(pairs: list[tuple[str, Any]]) -> None:
    names = {name for name, _ in pairs}
    if len(names) != len(pairs):
        raise RefusedError(QuarantineReason.DUPLICATE_KEY, "an object says a name twice")


def _refuse_malformed(payload: bytes, fault: str) -> NoReturn:
    """Say precisely why the fast parser refused."""
    if b"\x00" in payload:
        raise RefusedError(QuarantineReason.NUL_CHAR, "the payload holds a NUL byte")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise RefusedError(QuarantineReason.BAD_ENCODING, f"not UTF-8 at byte {bad.start}") from None
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_float=_refuse_infinite, parse_int=_refuse_long)
    except ValueError:
        raise RefusedError(QuarantineReason.BAD_JSON, fault) from None
    if "surrogate" in fault:
        raise RefusedError(QuarantineReason.BAD_ENCODING, "a text holds a lone surrogate")
    raise RefusedError(QuarantineReason.BAD_JSON, fault)


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedError(QuarantineReason.NUMBER_RANGE, f"{name} is no number")


def _refuse_infinite(literal: str) -> float:
    number = float(literal)
    if number in {float("inf"), float("-inf")}:
        raise RefusedError(QuarantineReason.NUMBER_RANGE, "a number beyond every range")
    return number


def _refuse_long(literal: str) -> int:
    if len(literal) > _INT64_DIGITS:
        raise RefusedError(QuarantineReason.NUMBER_RANGE, "a whole number beyond int64")
    return len(literal)
