"""Whatever the decoder passes PostgreSQL stores: no message that was read can be refused later."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.registry import DEVICE_TYPES
from tests.harness.intake import IntakeUnderTest

texts = st.text(alphabet=st.characters(codec=None), max_size=12)
numbers = st.one_of(
    st.integers(), st.integers(-5, 120), st.floats(), st.floats(0, 120), st.sampled_from([0, -0.0, 1, 1e308, 5e-324])
)
odd = st.one_of(st.none(), st.booleans(), numbers, texts)
times = st.one_of(st.integers(), st.integers(-(2**63), 2**64), st.integers(1_700_000_000_000, 1_900_000_000_000), odd)
device_types = st.sampled_from(sorted(DEVICE_TYPES))


def properties(type_name: str) -> st.SearchStrategy[dict[str, Any]]:
    device_type = DEVICE_TYPES[type_name]
    names = [prop.name for prop in device_type.properties]
    if device_type.extra is not None:
        names += list(device_type.extra.model_fields)
    value = odd | st.fixed_dictionaries({"value": odd}, optional={"time": times})
    return st.dictionaries(st.sampled_from(names) | texts, value, max_size=5)


def event_value(type_name: str, event: str) -> st.SearchStrategy[dict[str, Any]]:
    payload = DEVICE_TYPES[type_name].event(event)
    assert payload is not None
    fields = [info.alias or name for name, info in payload.payload.model_fields.items()]
    good = st.fixed_dictionaries(
        {},
        optional={
            "eventId": st.text("ab1-.", min_size=1, max_size=5),
            "phase": st.sampled_from(["start", "update", "end"]),
            "label": st.just("smoke"),
            "score": st.floats(0, 1),
            "frameTime": st.integers(0, 253_402_300_799_999),
            "recordId": texts,
            "subject": texts,
            "type": texts,
            "occurredAt": st.integers(0, 253_402_300_799_999),
            "revision": st.integers(0, 2**62),
            "place": texts,
            "lon": st.floats(-181, 181),
            "lat": st.floats(-91, 91),
        },
    )
    return good | st.dictionaries(st.sampled_from(fields) | texts, odd, max_size=8)


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A topic behind `/sys/{product}/{device}/` and a body that is nearly right, or not at all."""
    type_name = draw(device_types)
    names = [event.name for event in DEVICE_TYPES[type_name].events]
    path = draw(st.sampled_from(["property", "property/pack", "property/history", *names]))
    if path == "property":
        params: Any = draw(properties(type_name))
    elif path in names:
        params = {"value": draw(event_value(type_name, path)), "time": draw(times)}
    else:
        bundle: dict[str, Any] = {"properties": draw(properties(type_name))}
        if names:
            event = draw(st.sampled_from(names))
            bundle["events"] = {event: {"value": draw(event_value(type_name, event)), "time": draw(times)}}
        params = [bundle] if path.endswith("history") else bundle
    envelope: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={"id": odd, "sid": st.integers(), "seq": st.integers(), "revision": st.integers(), "time": times},
        )
    )
    return f"{type_name}|{path}", envelope | {"params": params}


DEVICE_OF = {
    "waste_bin": "bin-1",
    "smart_security_camera": "cam-1",
    "access_gate": "gate-1",
    "dispatch_feed": "feed-1",
}


@settings(max_examples=40)
@given(st.lists(messages(), min_size=1, max_size=30))
async def test_whatever_the_decoder_passes_postgresql_stores(
    bench: IntakeUnderTest, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    before = await bench.conservation()
    counted = 0
    for name, body in sent:
        product, path = name.split("|")
        if product not in DEVICE_OF:
            continue
        counted += 1
        topic = f"/sys/{product}/{DEVICE_OF[product]}/thing/event/{path}/post"
        bench.send(topic, json.dumps(body).encode("utf-8", "surrogatepass"))
    await bench.committed()
    after = await bench.conservation()
    assert (
        await bench.value("SELECT count(*) FROM quarantine WHERE reason IN ('database_refused', 'crash_suspect')") == 0
    )
    assert total(after) - total(before) == counted
    assert all(received == sum(rest) for received, *rest in after.values())


def total(counts: dict[str, tuple[int, int, int, int]]) -> int:
    return sum(four[0] for four in counts.values())
