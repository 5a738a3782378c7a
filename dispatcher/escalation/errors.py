"""Why something about pages could not be done; the fields are what the caller shows."""

from dataclasses import dataclass


@dataclass(eq=False)
class PageNotFound(LookupError):
    page_id: int


@dataclass(eq=False)
class NotOfThePage(Exception):
    """Only the organisation that was paged, or the desk that was told for it, answers."""

    page_id: int


@dataclass(eq=False)
class TestNotFound(LookupError):
    __test__ = False  # No test of pytest's.

    test_id: int
