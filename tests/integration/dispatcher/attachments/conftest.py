"""Attachments live in the town of the tickets, and their files in a folder of the test."""

from pathlib import Path

import pytest

from dispatcher.attachments.folder import Folder
from runtime.pool import Connection
from tests.integration.dispatcher.tickets import town


@pytest.fixture(autouse=True)
async def _town(owner: Connection) -> None:
    await town.build(owner)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "attachments")
    folder.create()
    return folder
