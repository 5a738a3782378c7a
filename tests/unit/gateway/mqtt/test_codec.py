"""The codec: what is encoded is decoded again, however it is cut, and nothing else is ever accepted in silence."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt import encoder
from gateway.mqtt.decoder import Decoder, Limits
from gateway.mqtt.encoder import encode
from gateway.mqtt.errors import Malformation, ProtocolViolation
from gateway.mqtt.packets import LEVEL_5, Connect, Packet, PingReq, Publish, PubRel, Subscribe
from tests.unit.gateway.mqtt.strategies import packets

Decoded = tuple[list[Packet], Malformation | None]


def decode(chunks: list[bytes], limits: Limits | None = None) -> Decoded:
    """All packets of the chunks, and the rule that what follows them breaks."""
    decoder = Decoder(limits or Limits())
    found: list[Packet] = []
    try:
        for chunk in chunks:
            for packet in decoder.packets(chunk):
                found.append(packet)  # noqa: PERF402 - extend would lose what came before a violation
    except ProtocolViolation as violation:
        return found, violation.malformation
    return found, None


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[start:stop] for start, stop in pairwise(edges)]


@given(st.lists(packets, max_size=6), st.lists(st.integers(0, 5000), max_size=8))
def test_packets_survive_encoding_and_any_cutting(sent: list[Packet], places: list[int]) -> None:
    whole = b"".join(encode(packet) for packet in sent)

    found, broken = decode(cut(whole, places))

    assert (found, broken) == (sent, None)
    assert [type(packet) for packet in found] == [type(packet) for packet in sent]


@given(st.lists(packets, max_size=3))
def test_packets_survive_byte_by_byte(sent: list[Packet]) -> None:
    whole = b"".join(encode(packet) for packet in sent)

    assert decode([whole[at : at + 1] for at in range(len(whole))]) == (sent, None)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_arbitrary_bytes_give_the_same_verdict_however_cut(noise: bytes, places: list[int]) -> None:
    assert decode(cut(noise, places)) == decode([noise])


@given(packets, st.integers(0, 400), st.integers(0, 255))
def test_a_packet_with_one_byte_changed_raises_nothing_but_a_violation(packet: Packet, place: int, byte: int) -> None:
    whole = bytearray(encode(packet))
    whole[place % len(whole)] = byte

    found, _ = decode([bytes(whole)])

    for again in found:
        assert decode([encode(again)]) == ([again], None)


PUBLISH_A = encode(Publish("a", b"payload", 1, packet_id=7))
CONNECT_HEAD = b"\x00\x04MQTT\x04"


@pytest.mark.parametrize(
    ("raw", "malformation"),
    [
        (b"\x00\x00", Malformation.PACKET_TYPE),
        (b"\xf0\x00", Malformation.PACKET_TYPE),
        (b"\xc1\x00", Malformation.RESERVED_FLAGS),
        (b"\x60\x02\x00\x01", Malformation.RESERVED_FLAGS),
        (b"\x80\x06\x00\x01\x00\x01a\x00", Malformation.RESERVED_FLAGS),
        (b"\x30\xff\xff\xff\xff", Malformation.REMAINING_LENGTH),
        (b"\x30\xff\xff\xff\x80", Malformation.REMAINING_LENGTH),
        (b"\x30\x01\x00", Malformation.TRUNCATED),
        (b"\x30\x03\x00\x05a", Malformation.TRUNCATED),
        (b"\x32\x04\x00\x01a\x00", Malformation.TRUNCATED),
        (b"\x32\x05\x00\x01a\x00\x00", Malformation.PACKET_ID_ZERO),
        (b"\x36\x05\x00\x01a\x00\x01", Malformation.QOS),
        (b"\x38\x03\x00\x01a", Malformation.QOS),
        (b"\x30\x02\x00\x00", Malformation.TOPIC_EMPTY),
        (b"\x30\x03\x00\x01+", Malformation.TOPIC_WILDCARD),
        (b"\x30\x05\x00\x03a/#", Malformation.TOPIC_WILDCARD),
        (b"\x30\x03\x00\x01\x00", Malformation.NUL_CHARACTER),
        (b"\x30\x04\x00\x02\xc3\x28", Malformation.UTF8),
        (b"\x30\x05\x00\x03\xed\xa0\x80", Malformation.UTF8),
        (b"\x30\x04\x00\x02\xc0\x80", Malformation.UTF8),
        (b"\x40\x02\x00\x00", Malformation.PACKET_ID_ZERO),
        (b"\x40\x03\x00\x01\x00", Malformation.TRAILING_BYTES),
        (b"\xc0\x01\x00", Malformation.TRAILING_BYTES),
        (b"\x82\x02\x00\x01", Malformation.NO_FILTERS),
        (b"\x82\x06\x00\x00\x00\x01a\x00", Malformation.PACKET_ID_ZERO),
        (b"\x82\x06\x00\x01\x00\x01a\x03", Malformation.QOS),
        (b"\x82\x07\x00\x01\x00\x02a+\x00", Malformation.FILTER),
        (b"\x82\x08\x00\x01\x00\x03#/a\x00", Malformation.FILTER),
        (b"\x82\x05\x00\x01\x00\x00\x00", Malformation.TOPIC_EMPTY),
        (b"\xa2\x02\x00\x01", Malformation.NO_FILTERS),
        (b"\x20\x02\x02\x00", Malformation.RESERVED_FLAGS),
        (b"\x20\x02\x00\x06", Malformation.RETURN_CODE),
        (b"\x90\x03\x00\x01\x03", Malformation.RETURN_CODE),
        (b"\x10\x0c\x00\x04mqtt\x04\x02\x00\x00\x00\x00", Malformation.PROTOCOL_NAME),
        (b"\x10\x0c" + CONNECT_HEAD + b"\x03\x00\x00\x00\x00", Malformation.RESERVED_FLAGS),
        (b"\x10\x0c" + CONNECT_HEAD + b"\x0a\x00\x00\x00\x00", Malformation.RESERVED_FLAGS),
        (b"\x10\x0c" + CONNECT_HEAD + b"\x42\x00\x00\x00\x00", Malformation.RESERVED_FLAGS),
        (b"\x10\x0c" + CONNECT_HEAD + b"\x1e\x00\x00\x00\x00", Malformation.QOS),
        (b"\x10\x0d" + CONNECT_HEAD + b"\x02\x00\x00\x00\x00\x00", Malformation.TRAILING_BYTES),
        (b"\x10\x0b" + CONNECT_HEAD + b"\x02\x00\x00\x00", Malformation.TRUNCATED),
    ],
)
def test_malformed_bytes_name_the_rule_they_break(raw: bytes, malformation: Malformation) -> None:
    assert decode([raw]) == ([], malformation)


@pytest.mark.parametrize(
    ("raw", "level"),
    [
        (b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00", LEVEL_5),
        (b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00", 3),
        (b"\x10\x0c\x00\x04MQTT\x84\x02\x00\x00\x00\x00", 0x84),
    ],
    ids=["5", "3.1", "bridge"],
)
def test_connect_of_another_level_tells_the_level(raw: bytes, level: int) -> None:
    with pytest.raises(ProtocolViolation) as refusal:
        list(Decoder(Limits()).packets(raw))

    assert (refusal.value.malformation, refusal.value.level) == (Malformation.PROTOCOL_LEVEL, level)


def test_packets_before_a_violation_are_still_given() -> None:
    assert decode([encode(PingReq()) + PUBLISH_A + b"\x00\x00"]) == (
        [PingReq(), Publish("a", b"payload", 1, packet_id=7)],
        Malformation.PACKET_TYPE,
    )


def test_oversize_packet_is_refused_from_its_header_alone() -> None:
    decoder = Decoder(Limits(packet_bytes=100))

    with pytest.raises(ProtocolViolation) as refusal:
        list(decoder.packets(b"\x30\x80\x80\x80\x01"))  # 2 MiB announced, nothing sent

    assert refusal.value.malformation is Malformation.PACKET_TOO_LARGE
    assert decoder.buffered() == 0


@pytest.mark.parametrize(("size", "broken"), [(64, None), (65, Malformation.PACKET_TOO_LARGE)])
def test_payload_limit_is_exact_whatever_the_topic(size: int, broken: Malformation | None) -> None:
    limits = Limits(packet_bytes=1000, payload_bytes=64)

    assert decode([encode(Publish("a/long/topic", b"x" * size))], limits)[1] is broken


def test_a_large_packet_in_small_pieces_is_whole_at_its_last_byte() -> None:
    message = Publish("t", b"x" * 60_000)
    raw = encode(message)
    pieces = [raw[at : at + 7] for at in range(0, len(raw), 7)]
    decoder = Decoder(Limits())

    for piece in pieces[:-1]:
        assert list(decoder.packets(piece)) == []

    assert list(decoder.packets(pieces[-1])) == [message]
    assert decoder.buffered() == 0


def test_more_topics_than_are_remembered_are_still_read() -> None:
    sent: list[Packet] = [Publish(f"topic/{number}", b"") for number in range(200)]

    assert decode([b"".join(encode(packet) for packet in sent)]) == (sent, None)


@pytest.mark.parametrize(
    "packet",
    [
        Publish("t", b"", 1),
        PubRel(0x10000),
        Publish("t" * 0x10000, b""),
        Subscribe(0, (("a", 0),)),
        Connect("c", 0, clean_session=True, will=None, user_name=None, password=b"p"),
    ],
)
def test_a_packet_that_the_protocol_cannot_carry_is_not_encoded(packet: Packet) -> None:
    with pytest.raises(ValueError, match=r".*"):
        encode(packet)


def test_publish_fast_path_equals_encode() -> None:
    message = Publish("a/b", b"x", 1, retain=True, dup=True, packet_id=300)

    assert encoder.publish(message) == encode(message)
