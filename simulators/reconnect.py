"""How long a device waits before it connects again: full jitter, so that a restarted gateway is not overrun."""

from random import Random
from typing import Final

FIRST_S: Final = 1.0
LONGEST_S: Final = 120.0


def pause_s(rng: Random, failures: int, *, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> float:
    """Uniform between 0 and min(longest, first x 2^failures)."""
    return rng.uniform(0.0, min(longest_s, first_s * 2.0 ** min(failures, 30)))
