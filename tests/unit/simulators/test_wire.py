"""The generator's MQTT bytes, against the gateway's own decoder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.decoder import Decoder, Limits
from gateway.mqtt.packets import Connect, PingReq, Publish
from simulators import wire


@given(st.text("abc/é", min_size=1, max_size=200), st.binary(max_size=20_000), st.integers(1, 65_535))
def test_publish_is_read_as_it_was_meant(topic: str, payload: bytes, packet_id: int) -> None:
    packet = wire.publish_head(topic, len(payload)) + packet_id.to_bytes(2, "big") + payload
    for raw, dup in ((packet, False), (wire.again(packet), True)):
        (read,) = Decoder(Limits()).packets(raw)
        assert isinstance(read, Publish)
        assert (read.topic, read.payload, read.packet_id, read.qos, read.dup) == (topic, payload, packet_id, 1, dup)


def test_connect_and_ping_are_read_as_they_were_meant() -> None:
    connect, ping = Decoder(Limits()).packets(wire.connect("bin3-a", "a&bin3", "secret", 60) + wire.PINGREQ)
    assert isinstance(connect, Connect)
    assert (connect.client_id, connect.user_name, connect.password) == ("bin3-a", "a&bin3", b"secret")
    assert (connect.keep_alive_s, connect.clean_session, connect.will) == (60, True, None)
    assert isinstance(ping, PingReq)


@given(st.lists(st.binary(max_size=300), max_size=10), st.integers(1, 50))
def test_packets_are_cut_whole_from_any_chunks(bodies: list[bytes], chunk: int) -> None:
    stream = b"".join(wire.publish_head("t", len(body)) + b"\x00\x01" + body for body in bodies)
    buffer = bytearray()
    found = []
    for start in range(0, len(stream), chunk):
        buffer += stream[start : start + chunk]
        while (packet := wire.take_packet(buffer)) is not None:
            found.append(packet)
    assert found == [(0x32, b"\x00\x01t\x00\x01" + body) for body in bodies]


def test_length_of_five_bytes_is_refused() -> None:
    with pytest.raises(wire.MalformedPacket):
        wire.take_packet(bytearray(b"\x30\xff\xff\xff\xff\x01"))
