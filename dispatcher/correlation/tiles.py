"""Absolute tiles (O6): long clusters are cut at fixed times, so that no incident grows for ever. Pure.

A tile is floor((t - ORIGIN) / S). It does not depend on when the cluster began, so an earlier event that comes later
moves no border; and the borders lie where the night is quietest, so that few incidents ever see one.
"""

from typing import Final

ORIGIN_MS: Final = -4 * 3_600_000  # 04:00 in Chengdu, as an offset from midnight UTC


def tile_of(t_ms: int, tile_s: int) -> int:
    """The number of the tile in which an event of this time lies; always 0 where the group has no tiles."""
    return (t_ms - ORIGIN_MS) // (tile_s * 1000) if tile_s else 0
