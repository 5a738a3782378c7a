"""Opaque cursors of lists: the key of the last row, so that a page starts exactly after it."""

import base64
import binascii
from datetime import datetime
from typing import Any

import orjson


class CursorInvalid(ValueError):
    """A cursor that no list of ours gave out."""


def encode(*key: int | str | datetime | None) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def decode(cursor: str | None, *types: type) -> tuple[Any, ...] | None:
    """The key in a cursor, each part of its type or None; None without a cursor. Raises CursorInvalid."""
    if cursor is None:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError) as error:
        raise CursorInvalid from error
    if not isinstance(parts, list) or len(parts) != len(types):
        raise CursorInvalid
    return tuple(_part(part, of) for part, of in zip(parts, types, strict=True))


def _part(part: object, of: type) -> object:
    if part is None:
        return None
    if of is datetime and isinstance(part, str):
        try:
            at = datetime.fromisoformat(part)
        except ValueError as error:
            raise CursorInvalid from error
        if at.tzinfo is None or not 1900 <= at.year <= 9998:
            raise CursorInvalid
        return at
    if of is int and type(part) is int and -(2**63) <= part < 2**63:
        return part
    if of is str and isinstance(part, str) and "\x00" not in part:
        return part
    raise CursorInvalid
