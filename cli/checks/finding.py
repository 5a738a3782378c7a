"""One answer of `rongan doctor`."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    FINE = "fine"  # As it should be.
    NOTE = "note"  # Worth knowing; nothing has to be done.
    WRONG = "wrong"  # Rongan will not run, or would lose what it acknowledged.


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is empty where nothing has to be mended."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


def fine(check: str, found: str) -> Finding:
    return Finding(check, Verdict.FINE, found)


def note(check: str, found: str, remedy: str = "") -> Finding:
    return Finding(check, Verdict.NOTE, found, remedy)


def wrong(check: str, found: str, remedy: str) -> Finding:
    return Finding(check, Verdict.WRONG, found, remedy)
