"""Every test of evaluations runs in the town of the tickets, with utilities and three committees."""

import pytest

from runtime.pool import Connection
from tests.integration.dispatcher.disclosure import openness
from tests.integration.dispatcher.evaluations import opinions
from tests.integration.dispatcher.tickets import town


@pytest.fixture(autouse=True)
async def _town(owner: Connection) -> None:
    await town.build(owner)
    await openness.build(owner)
    await opinions.build(owner)
