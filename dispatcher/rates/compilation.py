"""Compiles the kernels of the rates before the first tick, never on it."""


def compile_rate_kernels() -> None:
    """Compile, or load from the cache, what the rates stage will call, with the types that it will call it with."""
    import numpy as np  # noqa: PLC0415 -- numba reads its cache folder when it is imported: not with this module

    from dispatcher.rates.buckets import as_time, dense, wider  # noqa: PLC0415
    from dispatcher.rates.counting import HOUR_MS, ROWS_A_CALL, Counters  # noqa: PLC0415
    from dispatcher.rates.cusum import chart  # noqa: PLC0415
    from dispatcher.rates.scan import neighbourhoods, scan_space_time  # noqa: PLC0415

    counters = Counters(HOUR_MS)
    counters.count(np.arange(ROWS_A_CALL + 1) % 3, np.zeros(ROWS_A_CALL + 1, np.int64))  # grows
    counters.count(np.zeros(1, np.int64), np.full(1, HOUR_MS), np.ones(1, np.int64))
    wider(dense(counters.finish(HOUR_MS), 3, as_time(0), as_time(2 * HOUR_MS))[0], 2)
    chart(np.ones(3), 0)
    compile_surprise()
    places = np.arange(4.0)
    cases = np.array([0, 0, 0, 1, 2, 3, 1, 2], np.int64)
    ages = np.array([0, 0, 0, 3, 2, 1, 2, 3], np.int64)
    scan_space_time(neighbourhoods(places, places, radius=2), cases, ages, ages_max=2, replicates=1, seed=1)


def compile_surprise() -> None:
    """Those behind `surprise` alone: the api marks unusual readings."""
    import numpy as np  # noqa: PLC0415 -- as above

    from dispatcher.rates.surprise import surprise  # noqa: PLC0415

    surprise(np.ones(3))
