"""The enums of Python and of the database say the same words."""

from enum import StrEnum

import pytest

from events.model import EventSource, QuarantineReason, QuarantineState, SourceClass, TimeQuality
from runtime.pool import Connection
from sensors.model import SourceClass as SensorClass


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("event_source", EventSource),
        ("source_class", SourceClass),
        ("time_quality", TimeQuality),
        ("quarantine_reason", QuarantineReason),
        ("quarantine_state", QuarantineState),
    ],
)
async def test_enum_of_the_database_has_the_same_members(owner: Connection, name: str, members: type[StrEnum]) -> None:
    labels = await owner.fetch(
        "SELECT enumlabel FROM pg_enum WHERE enumtypid = $1::text::regtype ORDER BY enumsortorder", name
    )
    assert [row["enumlabel"] for row in labels] == [member.value for member in members]


def test_every_class_of_sensor_is_a_class_of_source() -> None:
    assert {member.value for member in SensorClass} < {member.value for member in SourceClass}
