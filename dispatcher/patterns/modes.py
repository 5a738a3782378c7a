"""Puts a pattern on trial, in force or out of it: a version of its own that differs in its mode alone."""

from datetime import datetime
from typing import Final

from dispatcher.patterns.model import PatternMode
from runtime.errors import Explained
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# The city's versions count from here on, so that none of a later release has the same number or takes over by itself.
CITY_VERSIONS: Final = 1000


class PatternUnknown(Explained):
    """No version of the pattern is there."""


class ModeUnchanged(Explained):
    """The newest version has the mode already."""


async def set_mode(conn: Connection, pattern_id: str, mode: PatternMode, *, by: str, reason: str, at: datetime) -> int:
    """Add a version that counts events from `at` on; its number. The connection is the owner's: it is master data.

    Raises PatternUnknown or ModeUnchanged.
    """
    newest = await conn.fetchrow(QUERIES.newest_pattern, pattern_id)
    if newest is None:
        raise PatternUnknown(f"there is no pattern {pattern_id}: `rongan pattern list` names them")
    if newest["mode"] == mode:
        raise ModeUnchanged(f"version {newest['version']} of {pattern_id} is {mode.value} already")
    version = max(int(newest["version"]), CITY_VERSIONS) + 1
    await conn.execute(QUERIES.add_pattern_version, pattern_id, newest["version"], version, mode, at, f"{by}: {reason}")
    return version
