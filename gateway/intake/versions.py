"""Redelivery or correction: what a message is that carries a key which was seen before. Pure."""

from enum import Enum, auto
from typing import TypeAlias

Versions: TypeAlias = dict[bytes, int]
"""Of one delivery key: the contents taken in so far, each with the greatest revision it came under."""


class Verdict(Enum):
    """What to do with one version of a message."""

    TAKE = auto()  # New: it stands now.
    RECORD = auto()  # New, but at its revision a content with a greater hash stands: it moves no state.
    DROP = auto()  # Known, or a greater revision stands.


def settle(versions: Versions, revision: int, content_hash: bytes) -> Verdict:
    """Judge one version and add it to `versions`.

    The greatest (revision, content hash) stands, whichever came first: the content last taken is the one that stands.
    Revision 0 means that the source says none: then other content under a used key is another message of a device that
    counts its ids anew, and is never dropped.
    """
    standing = max(((known, content) for content, known in versions.items()), default=None)
    known = versions.get(content_hash)
    versions[content_hash] = revision if known is None else max(known, revision)
    if standing is None:
        return Verdict.TAKE
    if known is not None and revision <= known:
        return Verdict.DROP
    if content_hash == standing[1]:
        # Readers of the log may break a tie by another hash: a greater revision of this content ends the tie for them.
        tied = any(at == standing[0] and content != content_hash for content, at in versions.items())
        return Verdict.TAKE if tied else Verdict.DROP
    if known is None and revision == standing[0] == 0:
        return Verdict.TAKE
    if (revision, content_hash) > standing:
        return Verdict.TAKE
    return Verdict.RECORD if known is None and revision == standing[0] else Verdict.DROP
