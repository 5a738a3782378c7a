"""Where a subject was seen is remembered as long as an open incident holds it, and not longer."""

from datetime import timedelta
from weakref import ref

import pytest

from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.model import IncidentStatus
from dispatcher.incidents.subjects import Subjects
from dispatcher.risk.model import Witness
from events.model import SourceClass
from tests.harness.log import START

KIND = "outdoor_fire"


class Watched(LiveIncident):
    """Can be referred to weakly."""

    __slots__ = ("__weakref__",)


def incident(number: int) -> Watched:
    return Watched(number, f"IN-{number}", number, "fire", START, late=False)


def member(uid: int) -> Member:
    return Member(
        witness=Witness(uid * 1000, bytes([uid]) * 16, KIND, SourceClass.CAMERA),
        effective_at=START + timedelta(seconds=uid),
        area_id=None,
        area_path=(),
        place=None,
        lon=None,
        lat=None,
        subject="camera",
    )


@pytest.mark.parametrize("repeats", [1, 2])
def test_an_incident_that_was_absorbed_is_not_kept_by_a_subject_that_is_forgotten(repeats: int) -> None:
    subjects = Subjects()
    loser, survivor = incident(1), incident(2)
    for uid in range(repeats):
        loser.put(member(uid))
        subjects.note("camera", KIND, loser)
    for uid in range(repeats):  # one after the other, as they move
        loser.remove(member(uid).witness.uid)
        survivor.put(member(uid))
        subjects.note("camera", KIND, survivor)
    loser.status = IncidentStatus.MERGED
    assert subjects.holder("camera", KIND) is survivor
    survivor.status = IncidentStatus.FINAL
    subjects.forget(survivor)
    gone = ref(loser)
    del loser
    assert gone() is None
    assert subjects.holder("camera", KIND) is None
