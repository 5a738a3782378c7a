"""A user of a unit, and the receiver that messages go to."""

from collections.abc import AsyncIterator

import pytest

from dispatcher.channels.model import User
from runtime.pool import Connection
from tests.harness.receiver import Receiver, running_receiver
from tests.integration.dispatcher.channels.addressees import add_user, build


@pytest.fixture
async def wang(owner: Connection) -> User:
    await build(owner)
    return await add_user(owner)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver
