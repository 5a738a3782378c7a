"""Every desk test runs in the town of the tickets, with users who may work at the desk."""

import pytest

from runtime.pool import Connection
from tests.integration.dispatcher.tickets import town


@pytest.fixture(autouse=True)
async def _town(owner: Connection) -> None:
    await town.build(owner)
