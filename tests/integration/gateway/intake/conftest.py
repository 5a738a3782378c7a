"""One running intake a test."""

from collections.abc import AsyncIterator

import pytest

from runtime.pool import Pool
from tests.harness.intake import IntakeUnderTest, running_intake
from tests.harness.postgres import Database


@pytest.fixture
async def bench(database: Database, pool: Pool) -> AsyncIterator[IntakeUnderTest]:
    async with running_intake(database, pool) as running:
        yield running
