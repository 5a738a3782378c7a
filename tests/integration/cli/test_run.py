"""`rongan run`: all processes of a machine, one home, a clean end and no end that leaves something behind."""

import http.client
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.harness.rongan import REPOSITORY, RunningRongan, free_port, running_rongan, still_running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def rongan(home: Path) -> Iterator[RunningRongan]:
    with running_rongan(home, "run", "--exercise") as running:
        yield running


def test_run_serves_and_stops_leaving_no_process(rongan: RunningRongan) -> None:
    assert set(rongan.children()) >= {"postgres", "gateway", "dispatcher", "api"}
    connection = http.client.HTTPConnection("127.0.0.1", rongan.http_port, timeout=30)
    try:
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 200
    finally:
        connection.close()
    family = rongan.family()
    rongan.process.send_signal(signal.SIGINT)
    assert still_running(family) == []
    assert rongan.process.wait() == 0


def test_kill_of_the_supervisor_takes_everything_down(rongan: RunningRongan) -> None:
    family = rongan.family()
    rongan.process.kill()
    assert still_running(family) == []


def test_second_instance_is_refused(rongan: RunningRongan) -> None:
    environment = psutil.Process(rongan.process.pid).environ()
    second = subprocess.run(
        [sys.executable, "-m", "cli", "run"],
        env={**environment, "RONGAN_HTTP_PORT": str(free_port()), "RONGAN_MQTT_PORT": str(free_port())},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert f"in use by process {rongan.process.pid}" in second.stderr
