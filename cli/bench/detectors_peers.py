"""What the bench extra brings to compare the detectors with; each answers None where its package is not installed."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def gi_star_of_esda(values: Floats, weights: Floats) -> Floats | None:
    """Gi* of PySAL on the same weights, analytical z-values."""
    try:
        from esda.getisord import G_Local  # noqa: PLC0415 -- an optional peer
        from libpysal.weights import full2W  # noqa: PLC0415
    except ImportError:
        return None
    graph: Any = full2W(weights, silence_warnings=True)
    graph.transform = "B"
    local = G_Local(values, graph, transform="B", star=True, permutations=0)
    return np.asarray(local.Zs, np.float64)
