"""How surprising a measured value is: a record, or far from the last thousand values; said once, then quiet a while.

For rates that are no counts (temperatures, speeds, loads). Two questions are asked of each value against what came
before it: does it lie outside all that was ever seen, and how many standard deviations is it from the recent mean. An
answer is given only where it is stronger than all of the last values', so that one disturbance is one finding.
"""

from dataclasses import dataclass

import numpy as np

from dispatcher.rates.columns import Floats
from dispatcher.rates.kernels.departures import departures, only_stronger


@dataclass(frozen=True, slots=True)
class SurpriseOptions:
    """What counts as equally surprising; chosen on the Numenta benchmark, as its own simple detectors were."""

    window: int = 1000
    warm_up: int = 100  # values before the first that is judged
    deviations: float = 8.0  # standard deviations that weigh as much as ...
    excess: float = 0.005  # ... a record that exceeds the range so far by this share of it
    quiet_after_deviation: int = 200
    quiet_after_record: int = 50


def surprise(values: Floats, options: SurpriseOptions = SurpriseOptions()) -> Floats:
    """A score in [0, 1) for each value, from the values before it alone; 0.5 is the detector's own threshold."""
    series = np.ascontiguousarray(values, np.float64)
    departure, record = np.empty(series.size), np.empty(series.size)
    departures(series, options.window, options.warm_up, departure, record)
    quietened = np.empty((2, series.size))
    only_stronger(departure, options.quiet_after_deviation, quietened[0])
    only_stronger(record, options.quiet_after_record, quietened[1])
    # The fourth root brings an excess, which spans decades, to the scale of deviations.
    strength = np.maximum(quietened[0] / options.deviations, (quietened[1] / options.excess) ** 0.25)
    return np.asarray(strength / (1 + strength), np.float64)
