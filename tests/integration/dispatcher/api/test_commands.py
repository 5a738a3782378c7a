"""`rongan user` and `rongan device` as a person or a script uses them."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from dispatcher.accounts import login
from dispatcher.accounts.errors import CredentialsWrong
from runtime.pool import Connection, Pool
from runtime.settings import DEVICE_KEY, Settings
from tests.harness.postgres import Database
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import EAST


class Shell:
    """Runs commands against one database and home."""

    def __init__(self, database: Database, home: Path) -> None:
        self.env = os.environ | {
            "RONGAN_HOME": str(home),
            "RONGAN_DATABASE_URL": database.owner_dsn,
            "RONGAN_DATABASE_APP_URL": database.app_dsn,
        }

    async def run(self, *words: str) -> tuple[int, str, str]:
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli",
            *words,
            env=self.env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, err = await program.communicate()
        return program.returncode or 0, out.decode(), err.decode()

    async def told(self, *words: str) -> Any:
        code, out, err = await self.run(*words, "--json")
        assert code == 0, err
        return orjson.loads(out)


@pytest.fixture
async def shell(database: Database, owner: Connection, tmp_path: Path) -> Shell:
    await community.build(owner)
    layout = Settings(home=tmp_path / "home").layout
    layout.create()
    layout.ensure_secret(DEVICE_KEY)
    return Shell(database, tmp_path / "home")


async def test_user_is_added_listed_changed_and_disabled(shell: Shell, pool: Pool) -> None:
    made = await shell.told("user", "add", "li.lei", "--role", "verifier", "--role", "auditor", "--area", EAST)
    assert len(made["password"]) >= 12
    await login.log_in(pool, login="li.lei", password=made["password"], browser=False)
    listed = {user["login"]: user for user in (await shell.told("user", "list"))["items"]}
    assert listed["li.lei"]["roles"] == ["auditor", "verifier"]
    changed = await shell.told("user", "password", "li.lei")
    with pytest.raises(CredentialsWrong):
        await login.log_in(pool, login="li.lei", password=made["password"], browser=False)
    await login.log_in(pool, login="li.lei", password=changed["password"], browser=False)
    assert (await shell.run("user", "disable", "li.lei"))[0] == 0
    with pytest.raises(CredentialsWrong):
        await login.log_in(pool, login="li.lei", password=changed["password"], browser=False)


async def test_user_that_cannot_be_ends_with_a_sentence(shell: Shell) -> None:
    code, out, err = await shell.run("user", "add", "x", "--role", "verifier", "--area", "nowhere")
    assert (code, out) == (1, "")
    assert "nowhere" in err
    assert "Traceback" not in err
    assert (await shell.run("user", "add", "x", "--role", "king", "--area", EAST))[0] == 2


async def test_device_is_added_listed_and_revoked(shell: Shell, owner: Connection) -> None:
    words = ("--product", "waste_bin", "--name", "bin-1", "--area", EAST, "--lon", "104.075", "--lat", "30.665")
    made = await shell.told("device", "add", *words)
    assert (made["user_name"], made["client_id"]) == ("bin-1&waste_bin", "waste_bin-bin-1")
    assert made["example"].startswith("mosquitto_pub -h 127.0.0.1 -p 1883 -i waste_bin-bin-1")
    assert [device["name"] for device in (await shell.told("device", "list"))["items"]] == ["bin-1"]
    assert "waste_bin" in (await shell.run("device", "products"))[1]
    code, _, err = await shell.run("device", "add", *words)
    assert (code, "already" in err, "Traceback" in err) == (1, True, False)
    assert (await shell.run("device", "revoke", str(made["id"])))[0] == 0
    assert await owner.fetchval("SELECT enabled FROM devices WHERE id = $1", made["id"]) is False
    assert (await shell.run("device", "revoke", "999"))[0] == 1
