"""Every drill comes out as it says, from one command."""

import asyncio
import json
import sys

import pytest

from simulators.scenarios.catalogue import SCENARIOS
from tests.harness.rongan import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


async def rongan(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli", *arguments),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaints = await process.communicate()
    return process.returncode, told.decode(), complaints.decode()


@pytest.mark.parametrize("name", SCENARIOS)
async def test_drill_comes_out_as_it_says(name: str) -> None:
    code, told, complaints = await rongan("simulate", "scenario", name, "--json")
    assert code == 0, complaints[-4000:]
    outcome = json.loads(told)
    assert (outcome["scenario"], outcome["scenes"]) == (name, len(SCENARIOS[name].scenes))
    assert outcome["checks"] >= outcome["scenes"]


async def test_drills_are_listed_and_an_unknown_one_is_told() -> None:
    code, told, _ = await rongan("simulate", "scenario")
    assert (code, [line.split()[0] for line in told.splitlines()]) == (0, list(SCENARIOS))
    code, _, complaints = await rongan("simulate", "scenario", "nowhere")
    assert code == 2
    assert all(name in complaints for name in SCENARIOS)
