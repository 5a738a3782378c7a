"""The supervisor starts in order, restarts what ends, and stops in the reverse order within its time limits."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from runtime.supervisor.supervisor import ProcessSpec, Supervisor, python_argv

REPOSITORY = Path(__file__).parents[3]
LIMIT_S = 60


@asynccontextmanager
async def running(*specs: ProcessSpec, logs: Path) -> AsyncIterator[Supervisor]:
    """Run a supervisor while the block lasts."""
    supervisor = Supervisor(specs, logs=logs)
    task = asyncio.create_task(supervisor.run(), name="supervisor")
    try:
        async with asyncio.timeout(LIMIT_S):
            yield supervisor
    finally:
        task.cancel()
        await asyncio.wait({task})


def toy(name: str, manner: str, folder: Path, **options: object) -> ProcessSpec:
    env = {"TOY_JOURNAL": str(folder / "journal"), "PYTHONPATH": str(REPOSITORY)}
    return ProcessSpec(name, python_argv("-m", "tests.harness.toy_process", manner), env, **options)  # type: ignore[arg-type]


async def test_processes_stop_in_the_reverse_order(tmp_path: Path) -> None:
    specs = [toy("first", "obeys", tmp_path), toy("second", "has_a_child", tmp_path, starts_after=("first",))]
    async with running(*specs, logs=tmp_path) as supervisor:
        await supervisor.wait_ready()
        family = [psutil.Process(supervisor.pid(name)) for name in ("first", "second")]
        family += family[1].children()
        assert len(family) == 3
    assert (tmp_path / "journal").read_text() == "has_a_child\nobeys\n"
    assert psutil.wait_procs(family, timeout=LIMIT_S)[1] == []  # what a process started goes with it


async def test_ended_process_is_started_again(tmp_path: Path) -> None:
    async with running(toy("worker", "obeys", tmp_path), logs=tmp_path) as supervisor:
        await supervisor.wait_ready()
        first = supervisor.pid("worker")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await supervisor.wait_started("worker", restarts=1)
        assert supervisor.pid("worker") != first
        assert supervisor.restarts("worker") == 1


async def test_process_that_was_killed_is_not_ready_until_it_serves_again(tmp_path: Path) -> None:
    async with running(toy("worker", "obeys", tmp_path), logs=tmp_path) as supervisor:
        await supervisor.wait_ready("worker")
        os.kill(supervisor.pid("worker") or 0, signal.SIGKILL)
        await supervisor.wait_started("worker", restarts=1)
        served = asyncio.create_task(supervisor.wait_ready("worker"))
        _, waiting = await asyncio.wait({served}, timeout=0)
        assert waiting == {served}
        await served


@pytest.mark.parametrize("manner", ["never_ready", "dies_at_once"])
async def test_process_that_does_not_get_ready_is_tried_again(tmp_path: Path, manner: str) -> None:
    spec = toy("worker", manner, tmp_path, ready_timeout_s=1.0)
    async with running(spec, logs=tmp_path) as supervisor:
        await supervisor.wait_started("worker", restarts=2)
    assert (tmp_path / "worker.log").read_text().count(f"{manner} speaks") >= 2


async def test_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    spec = toy("worker", "ignores_term", tmp_path, stop_timeout_s=0.5)
    async with running(spec, logs=tmp_path) as supervisor:
        await supervisor.wait_ready()
        process = psutil.Process(supervisor.pid("worker"))
    assert not process.is_running()


async def test_process_waits_for_those_it_starts_after(tmp_path: Path) -> None:
    specs = [
        toy("first", "never_ready", tmp_path, stop_timeout_s=0.5),
        toy("second", "obeys", tmp_path, starts_after=("first",)),
    ]
    async with running(*specs, logs=tmp_path) as supervisor:
        await supervisor.wait_started("first")
        assert supervisor.pid("second") is None
