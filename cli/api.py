"""`rongan api`: one api process, alone or as a child of `rongan run`."""

from cli.numba_cache import use_numba_cache
from cli.program import read_settings, run_program


def api() -> None:
    """Serve the HTTP API, the live stream and the console."""
    settings = read_settings()
    use_numba_cache(settings.layout)  # its own kernels explain and grade single incidents; backtests' processes run all

    async def main() -> None:
        from dispatcher.api.app import main as serve  # noqa: PLC0415  # the command line must start without the rest

        await serve(settings)

    run_program("api", settings, main)
