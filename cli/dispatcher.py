"""`rongan dispatcher`: one dispatcher process, alone or as a child of `rongan run`."""

from cli.numba_cache import use_numba_cache
from cli.program import read_settings, run_program


def dispatcher() -> None:
    """Lead or stand by: correlate, grade, open incidents and tickets, run their clocks."""
    settings = read_settings()
    settings.layout.create()
    use_numba_cache(settings.layout)

    async def main() -> None:
        from dispatcher.engine import main as serve  # noqa: PLC0415  # only now, since numba reads its folder at import

        await serve(settings)

    run_program("dispatcher", settings, main)
