"""Perceptual hashes: two photos whose hashes differ in a few bits look the same to a person. Pure.

dHash compares neighbours and pHash the low frequencies of a cosine transform: two views that err on different pictures,
64 bits each. Their bytes are the index: of 16 bytes one at least is equal where 15 bits or fewer differ.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE: Final = 32
_LOW: Final = 8
_MASK: Final = 2**64 - 1
_EVEN_LEVELS: Final = 3.0
"""Below this standard deviation, of 256 levels, a picture is night, fog or a wall: it resembles every other one."""

_ROWS = np.arange(_SIDE)[:, None]
_COSINES: Final[NDArray[np.float64]] = np.cos(np.pi * (2 * np.arange(_SIDE)[None, :] + 1) * _ROWS / (2 * _SIDE))


@dataclass(frozen=True, slots=True)
class Appearance:
    """Both hashes, as signed 64-bit numbers."""

    phash: int
    dhash: int

    @property
    def bands(self) -> tuple[int, ...]:
        """The bytes of both hashes, each with its place: what an index finds candidates by."""
        both = b"".join(each.to_bytes(8, "big", signed=True) for each in (self.phash, self.dhash))
        return tuple(place << 8 | byte for place, byte in enumerate(both))


def appearance_of(picture: Image.Image) -> Appearance | None:
    """The hashes of a picture; None where it is too even to be told from others."""
    grey = picture.convert("L")
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    if float(small.std()) < _EVEN_LEVELS:
        return None
    # Without the constant term, which only says how bright the picture is.
    low = (_COSINES @ small @ _COSINES.T)[:_LOW, :_LOW].ravel()
    phash = low > np.median(low[1:])
    rows = np.asarray(grey.resize((_LOW + 1, _LOW), Image.Resampling.LANCZOS), dtype=np.int16)
    dhash = rows[:, 1:] > rows[:, :-1]
    return Appearance(_number(phash), _number(dhash.ravel()))


def distance_bits(one: Appearance, other: Appearance) -> int:
    """How many of the 128 bits differ."""
    return sum(((a ^ b) & _MASK).bit_count() for a, b in ((one.phash, other.phash), (one.dhash, other.dhash)))


def _number(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)
