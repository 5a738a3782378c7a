"""What counts as new evidence on a ticket, and what is only shown as alike."""

import pytest

from dispatcher.attachments.model import AttachmentId, Cited, Finding, Likeness, PastUse, Use
from dispatcher.tickets.evidence import Evidence, Scene, found_about, fresh_photos, reuses
from registry.evidence import AttachmentKind
from tests.unit.dispatcher.tickets.world import AT

HERE, SISTER, ELSEWHERE = 1, 2, 9
SCENE = Scene(HERE, AT, None, None)
RELATIVES = frozenset({SISTER})


def judged(kind: AttachmentKind, *past: PastUse) -> tuple[bool, bool, bool]:
    """Whether it is refused, counts as new, and is shown as alike."""
    cited = Cited(AttachmentId(7), b"7", kind, "user:1", None, uses=past)
    evidence = Evidence(cited={7: cited}, relatives=RELATIVES)
    alike = Finding.NEAR_IDENTICAL in found_about(SCENE, cited, evidence, AT)
    return bool(reuses(SCENE, cited, RELATIVES)), fresh_photos(SCENE, evidence, (7,)) == 1, alike


@pytest.mark.parametrize(
    ("ticket", "likeness", "finishing", "expected"),
    [
        (HERE, Likeness.SAME, False, (False, False, False)),  # The arrival, shown again.
        (HERE, Likeness.SAME, True, (True, False, False)),
        # Sent on by a messenger that compresses it after the first was sent back: no new proof.
        (HERE, Likeness.NEAR, True, (False, False, True)),
        (SISTER, Likeness.NEAR, True, (False, False, True)),
        (HERE, Likeness.NEAR, False, (False, True, False)),  # The same place later.
        (ELSEWHERE, Likeness.NEAR, False, (True, False, True)),
        (ELSEWHERE, Likeness.SAME, True, (True, False, False)),
    ],
)
def test_photo_that_served_before(
    ticket: int, likeness: Likeness, finishing: bool, expected: tuple[bool, bool, bool]
) -> None:
    past = PastUse(3, Use("ticket", ticket, "resolve" if finishing else "arrive", 5, finishing=finishing), AT, likeness)
    assert judged(AttachmentKind.PHOTO, past) == expected
    assert judged(AttachmentKind.DOCUMENT, past) == (False, False, False)


def test_photo_that_served_nothing_is_new() -> None:
    assert judged(AttachmentKind.PHOTO) == (False, True, False)
