"""What of a draft residents may read: everything found is blacked out, but what an editor takes back. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dispatcher.disclosure.model import Stretch
from dispatcher.disclosure.personal import Found, PersonalKind, black_out, find_personal


@dataclass(frozen=True, slots=True)
class Proposal:
    """One stretch of the draft that has to be blacked out, and whether the editor took it back."""

    found: Found
    waived: str | None  # The reason.

    @property
    def required(self) -> bool:
        """A datum of a reporter: no reason takes it back."""
        return self.found.known


@dataclass(frozen=True, slots=True)
class Redacted:
    """The draft as residents would read it, what was found in it, and which of the editor's wishes cannot be."""

    text: str
    proposals: tuple[Proposal, ...]
    wrong: tuple[Stretch, ...]  # Outside the text, or taken back though nothing, or a reporter's datum, stands there.


def redact(text: str, *, added: Sequence[Stretch], waived: Sequence[Stretch], known: Collection[str]) -> Redacted:
    """Black out what was found and was not taken back, and what the editor adds; without wishes all that was found."""
    found = find_personal(text, known)
    reasons = {(each.start, each.end): each.reason for each in waived if each.reason}
    proposals = tuple(Proposal(each, None if each.known else reasons.get((each.start, each.end))) for each in found)
    taken_back = {(each.found.start, each.found.end) for each in proposals if each.waived is not None}
    beside = [each for each in added if not 0 <= each.start < each.end <= len(text)]
    wrong = [*beside, *(each for each in waived if (each.start, each.end) not in taken_back)]
    black = [each.found for each in proposals if each.waived is None]
    black += [Found(each.start, each.end, PersonalKind.OTHER) for each in added if each not in beside]
    return Redacted(black_out(text, black), proposals, tuple(wrong))
