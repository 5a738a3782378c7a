"""Compiles what explains and grades a single incident, for processes that run no steps: the api, before it listens."""


def compile_explanations() -> None:
    """Compile, or load from the cache, the kernels behind links, grades and what-ifs. Some seconds without a cache."""
    from dispatcher.correlation.columns import event_columns, uid_bytes  # noqa: PLC0415 -- numba reads its folder then
    from dispatcher.correlation.explanation import explain  # noqa: PLC0415 -- as above
    from dispatcher.correlation.groups import Group  # noqa: PLC0415 -- as above
    from dispatcher.risk.compilation import compile_grading_kernels  # noqa: PLC0415 -- as above

    pair = event_columns([uid_bytes(0, 1), uid_bytes(0, 2)], t_ms=0, x_dm=0, y_dm=0, subject=[0, 1])
    explain(pair, Group(radius_dm=10, window_ms=10))
    compile_grading_kernels()
