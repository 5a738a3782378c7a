"""Where a process of ours keeps its compiled kernels: below the home, unless the operator says otherwise."""

import os
from pathlib import Path

from dispatcher.correlation.compilation import cache_folder
from runtime.supervisor.home import Home


def use_numba_cache(home: Home) -> Path:
    """Point numba at its folder; call it before the first import of a kernel. An operator's own choice stands."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    folder = cache_folder(home.path)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder
