"""The kernels are compiled before the first event, and their cache is named by their source."""

import os
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from dispatcher.correlation import kernels
from dispatcher.correlation.compilation import cache_folder, compile_kernels
from tests.unit.dispatcher.correlation.drive import Pair
from tests.unit.dispatcher.correlation.oracle import Delivery, Group


def compiled_versions() -> dict[str, int]:
    modules = [import_module(f"{kernels.__name__}.{entry.name}") for entry in iter_modules(kernels.__path__)]
    return {
        f"{module.__name__}.{name}": len(f.signatures)
        for module in modules
        for name, f in vars(module).items()
        if hasattr(f, "signatures")
    }


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_warm_up_leaves_nothing_to_compile() -> None:
    compile_kernels()
    before = compiled_versions()
    pair = Pair([Group(10, 5, 3, 20), Group(10, 5, 0, m=3)])
    pair.apply([Delivery(uid=k, t=k % 40, x=k % 17, subject=k % 30, group=k % 2) for k in range(150)])
    pair.apply([Delivery(uid=k, t=k % 40, x=50, subject=k, group=k % 2, revision=1) for k in range(20)])
    pair.restore()
    pair.everything_final()
    assert compiled_versions() == before


def test_cache_lies_under_the_home_and_is_named_by_a_digest(tmp_path: Path) -> None:
    folder = cache_folder(tmp_path)
    assert folder == cache_folder(tmp_path)
    assert folder.parent == tmp_path / "numba"
    assert len(folder.name) == 16
