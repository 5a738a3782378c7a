"""What an incident shows is a function of the set of its members, however they came, went and were corrected."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.risk.model import Witness
from events.model import SourceClass
from tests.harness.log import START

MEMBERS: Final = st.builds(
    lambda uid, after_s, kind, source, located: Member(
        witness=Witness(after_s * 1000, bytes([uid]) * 16, kind, source),
        effective_at=START + timedelta(seconds=after_s),
        area_id=None,
        area_path=(),
        place=None,
        lon=104.0 if located else None,
        lat=30.0 if located else None,
        subject="x",
    ),
    uid=st.integers(0, 9),
    after_s=st.integers(0, 5),
    kind=st.sampled_from(["outdoor_fire", "gas_leak_alarm"]),
    source=st.sampled_from([SourceClass.SENSOR, SourceClass.CAMERA]),
    located=st.booleans(),
)
CHANGES: Final = st.lists(st.one_of(MEMBERS, st.integers(0, 9)), min_size=1, max_size=30)


def empty() -> LiveIncident:
    return LiveIncident(1, "IN-1", 1, "fire", START, late=False)


@given(CHANGES)
def test_an_incident_shows_what_its_members_are_whatever_their_order(changes: list[Member | int]) -> None:
    incident = empty()
    for change in changes:
        if isinstance(change, int):
            incident.remove(bytes([change]) * 16)
        else:
            incident.put(change)
        if incident.members:
            assert incident.canonical  # asked for after every change, as a step does
    if not incident.members:
        return
    every = sorted(incident.members.values(), key=lambda member: member.witness)
    located = [member for member in every if member.lon is not None]
    assert incident.canonical == every[0]
    assert incident.placed == (located or every)[0]
    times = [member.effective_at for member in every]
    assert incident.span == (min(times), max(times))
    firsts: dict[tuple[str, SourceClass], Witness] = {}
    for member in every:
        firsts.setdefault((member.witness.kind, member.witness.source_class), member.witness)
    assert incident.tally.sorts == firsts
    assert incident.source_classes == sorted({member.witness.source_class.value for member in every})


def test_a_newer_version_takes_the_place_of_the_older() -> None:
    incident = empty()
    old = Member(Witness(0, bytes(16), "outdoor_fire", SourceClass.SENSOR), START, None, (), None, 1.0, 1.0, "x")
    incident.put(old)
    assert incident.placed is old
    incident.put(replace(old, lon=None, lat=None))
    assert incident.placed.lon is None
    assert len(incident.members) == 1
