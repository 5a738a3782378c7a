"""Compiles the kernels of grading before the first event; the folder they are kept in is named by their source."""


def compile_grading_kernels() -> None:
    """Compile, or load from the cache, everything that grading will call. Some seconds without a cache."""
    import numpy as np  # noqa: PLC0415 -- numba reads its folder at import

    from dispatcher.risk.by_events import Grader  # noqa: PLC0415 -- as above
    from dispatcher.risk.columns import KindColumns, Reports, RuleColumns  # noqa: PLC0415 -- as above
    from dispatcher.risk.grading import RULE_NAMES  # noqa: PLC0415 -- as above

    rules, size = len(RULE_NAMES), 20  # more events than are compared one by one
    numbers, none = np.arange(size), np.zeros(size, np.int64)
    one, no = np.ones(1, np.int64), np.zeros(1, np.bool_)
    grader = Grader(
        RuleColumns(
            np.ones((6, 6), np.int8), np.zeros(rules + 1, np.int64), one, no, one, np.zeros(rules, np.bool_), 1, 2
        ),
        KindColumns(one, one, no, no),
    )
    words = numbers.astype(np.uint64)
    grader.grade(
        Reports(none, numbers, words, words, none, none, numbers, none, np.zeros(size, np.bool_)), 1, final=True
    )
