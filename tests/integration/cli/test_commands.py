"""The commands of an operator against a real database: exit codes, JSON, and refusals that say what to do."""

import json
import socket
import subprocess
from typing import Any

import pytest

from dispatcher.incidents import stage
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan


def findings(answer: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    return {finding["check"]: finding for finding in json.loads(answer.stdout)["findings"]}


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_every_command_has_help(rongan: Rongan) -> None:
    overview = rongan("--help")
    assert overview.returncode == 0
    for command in ("run", "demo", "gateway", "dispatcher", "api", "migrate", "doctor", "clock"):
        assert f" {command} " in overview.stdout
    assert "--simulated-clock" in rongan("run", "--help").stdout


async def test_migrate_brings_an_empty_database_up_to_date(rongan: Rongan, empty_database: Database) -> None:
    first = rongan("migrate", "--json", database=empty_database)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["applied"][0]["name"] == "deployment"
    second = rongan("migrate", "--json", database=empty_database)
    assert json.loads(second.stdout) == {"applied": []}


async def test_migrate_refuses_an_exercise_in_a_production_database(rongan: Rongan, empty_database: Database) -> None:
    assert rongan("migrate", database=empty_database).returncode == 0
    refusal = rongan("migrate", "--exercise", database=empty_database)
    assert refusal.returncode == 1
    assert "created for production" in refusal.stderr
    assert "Traceback" not in refusal.stderr


async def test_clock_moves_forwards_in_an_exercise(rongan: Rongan, database: Database, owner: Connection) -> None:
    await owner.execute("UPDATE deployment SET simulated_at = '2026-03-01 08:00+00'")
    moved = rongan("clock", "advance", "1h30m", "--no-wait", "--json", database=database)
    assert moved.returncode == 0, moved.stderr
    assert json.loads(moved.stdout) == {"now": "2026-03-01T09:30:00+00:00", "simulated": True, "mode": "exercise"}
    assert json.loads(rongan("clock", "show", "--json", database=database).stdout)["now"] == "2026-03-01T09:30:00+00:00"
    back = rongan("clock", "advance", "--to", "2026-03-01T09:00:00Z", database=database)
    assert back.returncode == 1
    assert "only forwards" in back.stderr
    assert await owner.fetchval("SELECT count(*) FROM events WHERE stream = 'clock'") == 1


async def test_clock_of_a_production_database_cannot_be_moved(rongan: Rongan, empty_database: Database) -> None:
    rongan("migrate", database=empty_database)
    refusal = rongan("clock", "advance", "30m", database=empty_database)
    assert refusal.returncode == 1
    assert "real time" in refusal.stderr


@pytest.mark.parametrize(
    "arguments", [("clock", "advance"), ("clock", "advance", "soon"), ("run", "--simulated-clock", "x")]
)
def test_wrong_usage_is_exit_code_2(rongan: Rongan, arguments: tuple[str, ...]) -> None:
    assert rongan(*arguments).returncode == 2


def test_wrong_setting_is_named_and_is_exit_code_2(rongan: Rongan) -> None:
    answer = rongan("doctor", RONGAN_MQTT_PORT="many")
    assert answer.returncode == 2
    assert "RONGAN_MQTT_PORT" in answer.stderr


async def test_doctor_is_content_with_a_current_database(rongan: Rongan, database: Database) -> None:
    answer = rongan("doctor", "--json", database=database, RONGAN_MQTT_PORT=free_port(), RONGAN_HTTP_PORT=free_port())
    assert answer.returncode == 0, answer.stdout
    assert {name: one["verdict"] for name, one in findings(answer).items() if one["verdict"] == "wrong"} == {}
    assert findings(answer)["migrations"]["verdict"] == "fine"


async def test_doctor_tells_of_an_incident_that_swallows_the_others(
    rongan: Rongan, database: Database, pool: Pool, owner: Connection
) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        await log.write(draft("bin 7", 0, 0), draft("far away", 0, 20_000))
        await log.step()
    for events, verdict in ((499, "fine"), (500, "note")):  # of two incidents; less than 1,000 tell nothing
        await owner.execute("UPDATE incidents SET event_count = $1", events)
        told = findings(rongan("doctor", "--json", database=database))["clusters"]
        assert (told["verdict"], f"{events} of {2 * events:,}" in told["found"]) == (verdict, True)


async def test_doctor_names_what_is_wrong_and_the_remedy(rongan: Rongan, empty_database: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = rongan("doctor", "--json", database=empty_database, RONGAN_MQTT_PORT=str(taken.getsockname()[1]))
    assert answer.returncode == 1
    found = findings(answer)
    assert found["mqtt port"]["remedy"].endswith("RONGAN_MQTT_PORT")
    assert found["migrations"]["remedy"] == "run `rongan migrate`"


def test_doctor_says_that_a_server_does_not_answer(rongan: Rongan) -> None:
    answer = rongan("doctor", "--json", RONGAN_DATABASE_URL=f"postgresql://x:secret@127.0.0.1:{free_port()}/rongan")
    assert answer.returncode == 1
    assert findings(answer)["database"]["verdict"] == "wrong"
    assert "secret" not in answer.stdout


def test_run_refuses_a_taken_port(rongan: Rongan) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = rongan("run", RONGAN_HTTP_PORT=str(taken.getsockname()[1]), RONGAN_MQTT_PORT=free_port())
    assert answer.returncode == 1
    assert "RONGAN_HTTP_PORT" in answer.stderr
