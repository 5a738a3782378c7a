"""`rongan compile`: compile the kernels ahead of the first start, as an installation does."""

import typer

from cli.numba_cache import use_numba_cache
from cli.program import read_settings


def compile() -> None:  # noqa: A001 -- the command is called so
    """Compile the kernels into RONGAN_HOME/numba, so that the first start need not; about half a minute once."""
    settings = read_settings()
    settings.layout.create()
    folder = use_numba_cache(settings.layout)
    from dispatcher.engine.process import compile_all  # noqa: PLC0415 -- numba reads its folder at import

    compile_all()
    typer.echo(f"Kernels are compiled in {folder}")
