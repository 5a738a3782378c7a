"""Dense series: vectors of consecutive buckets, empty ones included, of many series at once."""

from dispatcher.correlation.kernels.jit import compiled
from dispatcher.rates.columns import Ints


@compiled
def spread(series: Ints, at_ms: Ints, count: Ints, begin_ms: int, width_ms: int, out: Ints) -> int:
    """Add counts to `out[series, bucket]`, whose first bucket begins at `begin_ms`; what lies outside is returned."""
    outside = 0
    for i in range(series.size):
        bucket = (at_ms[i] - begin_ms) // width_ms
        if 0 <= bucket < out.shape[1] and 0 <= series[i] < out.shape[0]:
            out[series[i], bucket] += count[i]
        else:
            outside += count[i]
    return outside


@compiled
def widen(counts: Ints, factor: int, out: Ints) -> None:
    """Fill `out` with the sums of so many consecutive counts each."""
    for i in range(out.size):
        out[i] = 0
        for j in range(i * factor, (i + 1) * factor):
            out[i] += counts[j]
