"""A small installation: lock, PostgreSQL and two supervised toys; prints their numbers when all are ready."""

import asyncio
import json
import os
import sys
from pathlib import Path

from cli.program import run_program
from runtime.settings import Settings
from runtime.supervisor.home import Home
from runtime.supervisor.postgres import EmbeddedPostgres
from runtime.supervisor.supervisor import ProcessSpec, Supervisor, python_argv
from tests.harness.postgres import TEST_OPTIONS


async def main(home: Path) -> None:
    layout = Home(home)
    layout.create()
    env = {"TOY_JOURNAL": str(home / "journal")}
    specs = [
        ProcessSpec(name, python_argv("-m", "tests.harness.toy_process", manner), env)
        for name, manner in (("first", "obeys"), ("second", "has_a_child"))
    ]
    with layout.locked():
        async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
            supervisor = Supervisor(specs, logs=layout.logs)
            async with asyncio.TaskGroup() as group:
                group.create_task(supervisor.run(), name="supervisor")
                await supervisor.wait_ready()
                pids = {name: supervisor.pid(name) for name in ("first", "second")}
                print(json.dumps({**pids, "postgres": postgres.pid, "uid": os.getuid()}), flush=True)


if __name__ == "__main__":
    run_program("toy", Settings(), lambda: main(Path(sys.argv[1])))
