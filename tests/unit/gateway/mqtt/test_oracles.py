"""The codec against two independent ones: paho for 3.1.1, mqtt5 for what both versions share."""

import socket
from collections.abc import Callable

import mqtt5
import paho.mqtt.client as paho
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, ConnackCode

from gateway.mqtt.decoder import Decoder, Limits
from gateway.mqtt.encoder import encode
from gateway.mqtt.packets import (
    ConnAck,
    Connect,
    ConnectCode,
    Packet,
    PingReq,
    PubAck,
    Publish,
    PublishProperties,
    SubAck,
    Subscribe,
    Unsubscribe,
)
from tests.unit.gateway.mqtt import strategies


class Paho(paho.Client):
    """A paho client whose socket is one end of a pair; we hold the other."""

    def __init__(self, connect: Connect) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=connect.client_id,
            clean_session=connect.clean_session,
            protocol=paho.MQTTv311,
        )
        self._theirs, self._ours = socket.socketpair()
        if connect.user_name is not None:
            self.username_pw_set(connect.user_name, None)
            self._password = connect.password  # paho takes text; a password is bytes
        if connect.will is not None:
            self.will_set(connect.will.topic, connect.will.payload, connect.will.qos, connect.will.retain)
        self.connect("peer", keepalive=connect.keep_alive_s)

    def _create_socket(self) -> socket.socket:
        return self._theirs

    def written(self) -> bytes:
        while self.want_write():
            self.loop_write()
        self._ours.setblocking(False)
        try:
            return self._ours.recv(1 << 20)
        except BlockingIOError:
            return b""

    def hear(self, raw: bytes) -> None:
        self._ours.sendall(raw)
        self.loop_read()

    def hang_up(self) -> None:
        self._theirs.close()
        self._ours.close()
        self._sock = None
        if self._sockpairR is not None and self._sockpairW is not None:
            self._sockpairR.close()
            self._sockpairW.close()


PLAIN = Connect("id", 60, clean_session=True, will=None, user_name=None, password=None)


def paho_bytes(act: Callable[[Paho], object], connect: Connect = PLAIN) -> bytes:
    """What paho writes when asked to `act`, after its CONNECT was accepted."""
    client = Paho(connect)
    try:
        client.written()
        client.hear(encode(ConnAck(ConnectCode.ACCEPTED)))
        act(client)
        return client.written()
    finally:
        client.hang_up()


def decoded(raw: bytes) -> list[Packet]:
    return list(Decoder(Limits()).packets(raw))


@given(strategies.connects.filter(lambda connect: bool(connect.client_id) or connect.clean_session))
def test_connect_is_the_bytes_that_paho_writes(connect: Connect) -> None:
    client = Paho(connect)
    try:
        raw = client.written()
    finally:
        client.hang_up()

    assert raw == encode(connect)
    assert decoded(raw) == [connect]


@given(strategies.publishes)
def test_publish_is_the_bytes_that_paho_writes(message: Publish) -> None:
    raw = paho_bytes(
        lambda client: client._send_publish(
            message.packet_id,
            message.topic.encode(),
            message.payload,
            message.qos,
            message.retain,
            message.dup,
            paho.MQTTMessageInfo(message.packet_id),
        )
    )

    assert raw == encode(message)
    assert decoded(raw) == [message]


@given(strategies.subscribes)
def test_subscribe_is_what_paho_asks(asked: Subscribe) -> None:
    raw = paho_bytes(lambda client: client.subscribe(list(asked.filters)))

    assert decoded(raw) == [Subscribe(1, asked.filters)]
    assert raw == encode(Subscribe(1, asked.filters))


@given(strategies.unsubscribes)
def test_unsubscribe_is_what_paho_asks(asked: Unsubscribe) -> None:
    raw = paho_bytes(lambda client: client.unsubscribe(list(asked.filters)))

    assert raw == encode(Unsubscribe(1, asked.filters))


@given(strategies.publishes.filter(lambda message: message.qos < 2))
def test_paho_hears_the_message_that_was_encoded(message: Publish) -> None:
    heard: list[paho.MQTTMessage] = []

    def hear(client: Paho) -> None:
        client.on_message = lambda _client, _userdata, one: heard.append(one)
        client.hear(encode(message))

    answer = paho_bytes(hear)

    assert [(one.topic, one.payload, one.qos, one.retain, one.dup, one.mid) for one in heard] == [
        (message.topic, message.payload, message.qos, message.retain, message.dup, message.packet_id)
    ]
    assert decoded(answer) == ([PubAck(message.packet_id)] if message.qos else [])


@given(strategies.subacks)
def test_paho_hears_the_granted_qualities(granted: SubAck) -> None:
    heard: list[tuple[int, list[int]]] = []

    def hear(client: Paho) -> None:
        client.on_subscribe = lambda _client, _userdata, mid, codes, _properties: heard.append(
            (mid, [code.value for code in codes])
        )
        client.hear(encode(granted))

    paho_bytes(hear)

    assert heard == [(granted.packet_id, list(granted.codes))]


# At code 1 paho would try again with MQTT 3.1, on a socket that it closed.
@given(st.sampled_from([code for code in ConnectCode if code is not ConnectCode.UNACCEPTABLE_PROTOCOL]))
def test_paho_hears_the_return_code(code: ConnectCode) -> None:
    heard: list[str] = []
    client = Paho(PLAIN)
    client.on_connect = lambda _client, _userdata, _flags, reason, _properties: heard.append(str(reason))
    try:
        client.written()
        client.hear(encode(ConnAck(code)))
    finally:
        client.hang_up()

    assert heard == [str(paho.convert_connack_rc_to_reason_code(ConnackCode(code)))]


def no_properties(data: bytes, at: int, _end: int) -> tuple[PublishProperties, int]:
    """A reader of MQTT 5 properties that knows only the empty list."""
    assert data[at] == 0
    return PublishProperties(), at + 1


@given(strategies.publishes)
def test_the_version_5_message_of_mqtt5_is_read_through_the_property_hook(message: Publish) -> None:
    raw = mqtt5.PublishPacket(
        message.topic,
        message.payload,
        qos=mqtt5.QoS(message.qos),
        retain=message.retain,
        packet_id=message.packet_id or None,
        duplicate=message.dup,
    ).write()

    assert list(Decoder(Limits(), properties=no_properties).packets(raw)) == [
        message._replace(properties=PublishProperties())
    ]


@given(strategies.packet_ids)
def test_acknowledgements_are_the_same_bytes_in_both_versions(packet_id: int) -> None:
    assert encode(PubAck(packet_id)) == mqtt5.PubAckPacket(packet_id).write()
    assert encode(PingReq()) == mqtt5.PingReqPacket().write()


@given(st.integers(0, 300_000))
def test_remaining_length_is_the_one_of_mqtt5(size: int) -> None:
    theirs = mqtt5.PublishPacket("t", b"x" * size).write()

    # The version 5 packet has one byte more: the empty property list, which ours carries as payload here.
    assert encode(Publish("t", b"\0" + b"x" * size)) == theirs
