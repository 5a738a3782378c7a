"""Runs one asyncio program to its end: settings, logging, uvloop, signals; errors become a sentence and a code."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
import uvloop
from pydantic import ValidationError

from runtime import logging
from runtime.errors import Explained
from runtime.pool import Connection, connect
from runtime.settings import Settings

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def read_settings(**overrides: object) -> Settings:
    """Read the settings; a wrong one ends the command with exit code 2 and the names of what is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as invalid:
        for error in invalid.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in error["loc"]).upper()
            typer.secho(f"RONGAN_{name}: {error['msg']}", fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None


def run_program(name: str, settings: Settings, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `main` until it returns or a signal cancels it, which is a clean end.

    Raises typer.Exit(1) after an Explained error, whose text is shown; other errors pass with their traceback.
    """
    logging.configure(level=settings.log_level, as_json=settings.log_json, program=name)
    with explained():
        uvloop.run(_until_stopped(main()))


def run_on_database(name: str, work: Callable[[Connection], Awaitable[None]]) -> None:
    """Run `work` with a connection under the role of the processes; it ends as `run_program` does."""
    settings = read_settings()

    async def main() -> None:
        conn = await connect(settings.app_dsn(), application_name=f"rongan-{name}")
        try:
            await work(conn)
        finally:
            await conn.close()

    run_program(name, settings, main)


@contextmanager
def explained() -> Iterator[None]:
    """Turn an Explained error, alone in its groups, into its sentence and exit code 1."""
    try:
        yield
    except Explained as error:
        _tell(error)
    except BaseExceptionGroup as group:
        cause = _only(group)
        if not isinstance(cause, Explained):
            raise
        _tell(cause)


async def _until_stopped(main: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:  # a second Ctrl-C must not cut the clean stop short; each step of it has a time limit
            stopped = True
            task.cancel()

    # `nohup` ignores SIGHUP, and means it.
    numbers = [number for number in _STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        await main
    except asyncio.CancelledError:
        if not stopped:
            raise
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _tell(error: Explained) -> None:
    typer.secho(str(error), fg=typer.colors.RED, err=True)
    raise typer.Exit(1) from error
