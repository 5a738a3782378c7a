"""How far each value of a series departs from those before it."""

import math

from dispatcher.correlation.kernels.jit import compiled
from dispatcher.rates.columns import Floats


@compiled
def departures(values: Floats, window: int, warm_up: int, departure: Floats, record: Floats) -> None:
    """Fill how many standard deviations each value is from the mean of the `window` before it, and by what share of
    the range so far it lies outside that range.

    The deviation counts as at least a thousandth of that of all values so far: a flat stretch is no certainty. The
    first `warm_up` values are held against too little and get zeros.
    """
    if values.size == 0:
        return
    origin = values[0]
    low, high = origin, origin
    near_sum, near_square, all_sum, all_square = 0.0, 0.0, 0.0, 0.0
    for i in range(values.size):
        value = values[i] - origin
        departure[i], record[i] = 0.0, 0.0
        if i >= warm_up and i > 0:
            near = min(i, window)
            mean = near_sum / near
            spread = math.sqrt(max(0.0, near_square / near - mean * mean))
            overall = math.sqrt(max(0.0, all_square / i - (all_sum / i) ** 2))
            departure[i] = abs(value - mean) / max(spread, 1e-3 * overall, 1e-9)
            if high > low:
                record[i] = max(values[i] - high, low - values[i], 0.0) / (high - low)
        low, high = min(low, values[i]), max(high, values[i])
        near_sum += value
        near_square += value * value
        all_sum += value
        all_square += value * value
        if i >= window:
            old = values[i - window] - origin
            near_sum -= old
            near_square -= old * old


@compiled
def only_stronger(scores: Floats, quiet: int, out: Floats) -> None:
    """Copy the scores that exceed all of the last `quiet` scores; the others become 0."""
    for i in range(scores.size):
        out[i] = scores[i]
        for j in range(max(0, i - quiet), i):
            if scores[j] >= scores[i]:
                out[i] = 0.0
                break
