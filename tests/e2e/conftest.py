"""One running system for the tests that can share it."""

from collections.abc import AsyncIterator

import pytest

from tests.harness.stack import Stack, running_stack


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    """A system of this test alone, since these tests kill its processes."""
    async with running_stack() as stack:
        yield stack
