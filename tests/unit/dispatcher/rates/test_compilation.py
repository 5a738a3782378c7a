"""The stage's kernels are compiled before the first tick."""

import os
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules
from random import Random

import numpy as np
import pytest

from dispatcher.rates import kernels
from dispatcher.rates.buckets import HOUR, as_ms, dense
from dispatcher.rates.city_map import Happened
from dispatcher.rates.compilation import compile_rate_kernels
from dispatcher.rates.counting import HOUR_MS, Counters, count_by_bucket
from dispatcher.rates.hot_spots import scan
from dispatcher.rates.model import Spot
from dispatcher.rates.online import WEEK, CountSeries, judge_hour

END = datetime(2026, 11, 22, 16, tzinfo=UTC)
END_MS = as_ms(END)


def compiled_versions() -> dict[str, int]:
    modules = [import_module(f"{kernels.__name__}.{found.name}") for found in iter_modules(kernels.__path__)]
    return {
        f"{module.__name__}.{name}": len(made.signatures)
        for module in modules
        for name, made in vars(module).items()
        if hasattr(made, "signatures") and "forceinline" not in made.targetoptions
    }


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
    log = Counters(HOUR_MS, cells_max=10_000)
    log.count(*np.random.default_rng(1).integers(0, 90 * HOUR_MS, (2, 20_000)))
    log.count([1], [END_MS], [9])
    log.finish(45 * HOUR_MS)
    counted = count_by_bucket([0] * 9, [END_MS - 1] * 9)
    first_at = END - 9 * WEEK
    (counts,) = dense(counted, 1, first_at, END)
    judge_hour(CountSeries("k", Spot.of_area("east", ()), first_at, first_at, HOUR, counts), END)
    assert compiled_versions() == before
    assert set(before.values()) <= {0, 1}
    unused = {name.rpartition(".")[2] for name, versions in before.items() if not versions}
    assert unused <= {"poisson_zones"}  # of no detector of the product; a bench may have compiled it before
