"""How long to wait before the next attempt: full jitter, so that many gateways do not come back at once."""

from collections.abc import Callable


def full_jitter(attempt: int, *, first_s: float, max_s: float, uniform: Callable[[float, float], float]) -> float:
    """A delay between nothing and `first_s` doubled by every failed attempt (the first is 1), at most `max_s`."""
    return uniform(0.0, min(max_s, first_s * 2.0 ** min(attempt - 1, 32)))
