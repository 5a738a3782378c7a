"""The page about the patterns says what the seed files say."""

from pathlib import Path

from dispatcher.patterns.reference import render

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "patterns.md"


def test_page_equals_the_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m dispatcher.patterns.reference > " + str(PAGE)
