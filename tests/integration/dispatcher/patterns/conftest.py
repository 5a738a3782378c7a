"""A log with one reader that runs the stages from the patterns' memory to the stream."""

from collections.abc import Iterator

import pytest

from dispatcher.incidents import stage as incidents
from dispatcher.patterns import stage as patterns
from dispatcher.tickets import stage as tickets
from runtime.pool import Pool
from tests.harness.log import LogUnderTest
from tests.integration.dispatcher.engine.conftest import epoch, leader, simulated

__all__ = ["epoch", "leader", "log", "simulated"]


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    stages = (patterns.recall, incidents.advance, patterns.advance, tickets.advance, incidents.announce)
    with LogUnderTest(pool, *stages) as log:
        yield log
