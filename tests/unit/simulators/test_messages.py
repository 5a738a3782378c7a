"""What the load generator and the fleet write is what the device types accept."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.registry import DEVICE_TYPES
from simulators import wire
from simulators.credentials import Credential
from simulators.load.messages import Messages


def device(device_type: str) -> Credential:
    return Credential("p", "d", "d&p", "s", "p-d", "a", None, None, device_type)


@pytest.mark.parametrize("device_type", ["waste_bin", "smart_security_camera", "access_gate"])
@given(seed=st.integers(0, 2**32))
def test_load_messages_are_valid_of_one_length_and_raise_nothing(device_type: str, seed: int) -> None:
    messages = Messages(device(device_type), 1_795_000_000, Random(seed))
    lengths = set()
    for number in range(70):
        seq, payload = messages.following(1_795_373_620_000 + number)
        lengths.add(len(payload))
        body = json.loads(payload)
        assert (body["seq"], body["id"], body["sid"]) == (seq, str(seq), 1_795_000_000)
        values = DEVICE_TYPES[device_type].validate_properties(body["params"])
        assert len(values) == 3
        assert not any(
            signal.property in values and signal.beyond(values[signal.property])
            for signal in DEVICE_TYPES[device_type].signals
        )
    assert len(lengths) == 1
    packet = messages.head + b"\x00\x01" + payload
    assert wire.take_packet(bytearray(packet)) is not None
