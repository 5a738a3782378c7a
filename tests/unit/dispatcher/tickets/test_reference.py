"""The page about the transition table says what the table says."""

from pathlib import Path

from dispatcher.tickets.reference import render

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "ticket-transitions.md"


def test_page_equals_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m dispatcher.tickets.reference > " + str(PAGE)
