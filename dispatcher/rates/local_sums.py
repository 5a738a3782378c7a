"""Getis-Ord Gi*: where high counts lie beside high counts, as z-values for a map.

Source: Ord and Getis 1995 (Geographical Analysis 27), with the location itself among its neighbours.
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def within(x: Floats, y: Floats, radius: float) -> Floats:
    """Weights of 1 for every location within the radius, itself included."""
    squared = (x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2
    return np.asarray(squared <= radius * radius, np.float64)


def gi_star(values: Floats, weights: Floats) -> Floats:
    """The z-value of each location; zeros where all values are equal, as nothing then stands out.

    `weights[i, j]` is what j counts for i, the diagonal included.
    """
    n = values.size
    spread = float(values.std())
    if n < 2 or spread == 0 or not math.isfinite(spread):
        return np.zeros(n)
    sums = weights.sum(axis=1)
    squares = (weights**2).sum(axis=1)
    scale = spread * np.sqrt(np.maximum(n * squares - sums**2, 0.0) / (n - 1))
    excess = weights @ values - float(values.mean()) * sums
    return np.asarray(np.divide(excess, scale, out=np.zeros(n), where=scale > 0), np.float64)
