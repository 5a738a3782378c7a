"""Photos that nobody took: PNG files of seeded noise, each unlike any other, for evidence in drills."""

import struct
import zlib
from random import Random
from typing import Final

_SIDE_PX: Final = 96
_TILE_PX: Final = 12


def photo(seed: str) -> bytes:
    """A PNG of coloured tiles; equal seeds give equal bytes, others a picture that looks different throughout."""
    rng = Random(seed)
    tiles = _SIDE_PX // _TILE_PX
    colours = [[bytes(rng.randrange(256) for _ in range(3)) for _ in range(tiles)] for _ in range(tiles)]
    rows = (b"\0" + b"".join(colour * _TILE_PX for colour in colours[y // _TILE_PX]) for y in range(_SIDE_PX))
    header = struct.pack(">IIBBBBB", _SIDE_PX, _SIDE_PX, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, body)
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
