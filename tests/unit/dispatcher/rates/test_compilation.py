"""The stage's kernels are compiled before the first tick."""

import os
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from dispatcher.rates import kernel
from dispatcher.rates.city_map import Happened
from dispatcher.rates.compilation import compile_rate_kernels
from dispatcher.rates.hot_spots import scan
from dispatcher.rates.model import Spot
from dispatcher.rates.online import WEEK, CountSeries, judge_hour

END = datetime(2026, 11, 22, 16, tzinfo=UTC)


def compiled_versions() -> dict[str, int]:
    return {name: len(made.signatures) for name, made in vars(kernel).items() if hasattr(made, "signatures")}


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_warm_up_leaves_nothing_to_compile() -> None:
    compile_rate_kernels()
    before = compiled_versions()
    random = Random(1)
    happened = [
        Happened(n, "k", END - timedelta(hours=1 + n), 104.0, 30.0, random.randrange(90_000), n, True, None, (), None)
        for n in range(60)
    ]
    scan("k", happened, END)
    counts = {END - timedelta(hours=1): 9}
    judge_hour(CountSeries("k", Spot.of_area("east", ()), END - 9 * WEEK, counts), END)
    assert compiled_versions() == before
    assert before["cylinders"] == before["seasonal_cusum"] == 1
