"""Every test of accountability runs in the same town."""

import pytest

from runtime.pool import Connection
from tests.integration.dispatcher.tickets import town


@pytest.fixture(autouse=True)
async def _town(owner: Connection) -> None:
    await town.build(owner)
