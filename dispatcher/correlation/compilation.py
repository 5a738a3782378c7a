"""When and where the kernels are compiled: before the first event, into a folder named by their sources."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dispatcher.correlation.correlator import Correlator

_PACKAGES: Final = ("correlation", "patterns", "rates", "risk")  # of dispatcher, with kernels that call each other
_LAYOUT: Final = "columns.py"  # what kernels are compiled for stands here, beside the folders `kernels`


def cache_folder(home: Path) -> Path:
    """Where a process keeps the compiled kernels: set it as NUMBA_CACHE_DIR before numba is imported."""
    return home / "numba" / source_digest()


def keyed_cache(chosen: str) -> Path | None:
    """The folder for compiled kernels below the one that was chosen, or below this package; None where none can be."""
    digest = source_digest()
    if chosen:
        return Path(chosen) if Path(chosen).name == digest else Path(chosen, digest)
    beside = Path(__file__).parent / "__pycache__"
    return beside / "numba" / digest if os.access(beside if beside.is_dir() else beside.parent, os.W_OK) else None


@cache
def source_digest() -> str:
    """Names what a compiled kernel was made of: every source it may have inlined, the compiler and numpy.

    Numba does not notice a change in another file than the compiled function's.
    """
    digest = hashlib.sha256()
    packages = [files("dispatcher").joinpath(name) for name in _PACKAGES]
    for name, source in sorted(chain.from_iterable(_sources(package) for package in packages)):
        digest.update(f"{name}:{len(source)};".encode())
        digest.update(source)
    for package in ("numba", "llvmlite", "numpy"):
        digest.update(f"{package}={version(package)};".encode())
    return digest.hexdigest()[:16]


def _sources(folder: Traversable, path: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            yield from _sources(entry, f"{path}{folder.name}/")
        elif entry.name.endswith(".py") and ("kernel" in folder.name + entry.name or entry.name == _LAYOUT):
            yield f"{path}{folder.name}/{entry.name}", entry.read_bytes()


def compile_kernels() -> None:
    """Compile, or load from the cache, everything that a Correlator will call, with the types it will call it with.

    Takes 20 to 60 s without a cache, about a second with it. A process is not ready before.
    """
    import numpy as np  # noqa: PLC0415 -- numba reads its cache folder when it is imported: not with this module

    from dispatcher.correlation.columns import event_columns, uid_bytes  # noqa: PLC0415
    from dispatcher.correlation.correlator import Correlator  # noqa: PLC0415
    from dispatcher.correlation.explanation import explain  # noqa: PLC0415
    from dispatcher.correlation.flapping import Begun, Limits, Report, judge  # noqa: PLC0415
    from dispatcher.correlation.groups import Group, GroupTable  # noqa: PLC0415

    size = 600  # enough to grow every table, and more than are taken without sorting
    numbers = np.arange(size)
    groups = GroupTable([Group(radius_dm=10, window_ms=10, gap_ms=2, remember_ms=1_000), Group(10, 10, m=4)])
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
    _move_a_border(correlator)
    correlator.roles_of([uid_bytes(0, 10_003)])
    finals = correlator.advance(1, 20_000)
    beside = {} if finals.beside is None else {1: finals.beside}
    rebuilt, _ = Correlator.rebuild(groups, moved, [0, None], closed=events, beside=beside)
    rebuilt.advance(0, 2_000)
    explain(events, groups[0])
    judge([(Limits(window_ms=10, on=2, off=1), Begun(), [Report(0, uid_bytes(0, 0), raised=True)])])


def _move_a_border(correlator: "Correlator") -> None:
    from dispatcher.correlation.columns import event_columns, uid_bytes  # noqa: PLC0415

    first = 10_000
    for places in ((-8, -6, -4, 0, 10), (19, 24, 26, 28)):
        numbers = range(first, first + len(places))
        uids = [uid_bytes(0, k) for k in numbers]
        correlator.apply(event_columns(uids, t_ms=10_000, x_dm=places, y_dm=0, subject=list(numbers), group=1))
        first += len(places)
    uid = uid_bytes(0, 10_003)
    correlator.apply(event_columns([uid], t_ms=10_000, x_dm=500, y_dm=0, subject=0, group=1, revision=1))
