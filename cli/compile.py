"""`rongan compile`: compile the correlation kernels ahead of the first start, as an installation does."""

import typer

from cli.numba_cache import use_numba_cache
from cli.program import read_settings


def compile() -> None:  # noqa: A001 -- the command is called so
    """Compile the kernels into RONGAN_HOME/numba, so that the first start need not; about half a minute once."""
    settings = read_settings()
    settings.layout.create()
    folder = use_numba_cache(settings.layout)
    from dispatcher.correlation.compilation import compile_kernels  # noqa: PLC0415 -- numba reads its folder at import
    from dispatcher.patterns.compilation import compile_pattern_kernels  # noqa: PLC0415
    from dispatcher.rates.compilation import compile_rate_kernels  # noqa: PLC0415

    compile_kernels()
    compile_pattern_kernels()
    compile_rate_kernels()
    typer.echo(f"Kernels are compiled in {folder}")
