"""When and where the kernels are compiled: before the first event, into a folder named by their source."""

import hashlib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path


def cache_folder(home: Path) -> Path:
    """Where a process keeps the compiled kernels: set it as NUMBA_CACHE_DIR before numba is imported.

    Numba does not notice a change in another file than the compiled function's: so the folder's name changes with any
    of the sources that are compiled in, and with the versions of the compiler and of numpy.
    """
    digest = hashlib.sha256()
    for name in ("kernel.py", "columns.py"):
        digest.update(files("dispatcher.correlation").joinpath(name).read_bytes())
    for package in ("numba", "llvmlite", "numpy"):
        digest.update(f"{package}={version(package)};".encode())
    return home / "numba" / digest.hexdigest()[:16]


def compile_kernels() -> None:
    """Compile, or load from the cache, everything that a Correlator will call, with the types it will call it with.

    Takes 20 to 60 s without a cache, about a second with it. A process is not ready before.
    """
    import numpy as np  # noqa: PLC0415 -- numba reads its cache folder when it is imported: not with this module

    from dispatcher.correlation.columns import event_columns, uid_bytes  # noqa: PLC0415
    from dispatcher.correlation.correlator import Correlator  # noqa: PLC0415
    from dispatcher.correlation.explanation import explain  # noqa: PLC0415
    from dispatcher.correlation.groups import Group, GroupTable  # noqa: PLC0415

    size = 600  # enough to grow every table, and more than are taken without sorting
    numbers = np.arange(size)
    groups = GroupTable([Group(radius_dm=10, window_ms=10, gap_ms=2, remember_ms=1_000)])
    events = event_columns(
        [uid_bytes(0, k) for k in range(size)], t_ms=numbers, x_dm=numbers * 7, y_dm=0, subject=numbers % 300
    )
    correlator = Correlator(groups)
    correlator.apply(events)
    moved = event_columns([uid_bytes(0, 0)], t_ms=5, x_dm=3, y_dm=3, subject=0, revision=1)
    correlator.apply(moved)
    correlator.component_of(uid_bytes(0, 0))
    correlator.advance(0, 300)
    correlator.advance(0, 2_000)
    rebuilt, _ = Correlator.rebuild(groups, moved, [0], closed=events)
    rebuilt.advance(0, 2_000)
    explain(events, groups[0])
