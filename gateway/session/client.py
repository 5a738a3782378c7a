"""aiomqtt with late acknowledgement: the few private places of aiomqtt 2 and paho 2 that it takes, all in this file.

aiomqtt puts messages into a queue and lets paho acknowledge them at once. Here paho is told to wait
(`manual_ack`), and gives each message straight to us, with its packet id and DUP flag. Both libraries
are pinned to their major version, and the tests of the back door run against real brokers.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, cast

import aiomqtt
import structlog
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt.packets import Publish, PublishProperties
from gateway.session.options import SessionOptions

log = structlog.get_logger(__name__)

NEVER_SUBSCRIBED: Final = "rongan/settled"


class SubscriptionRefused(Exception):
    """The broker does not let us read a filter at QoS 1."""

    def __init__(self, topic_filter: str, code: int) -> None:
        super().__init__(f"{topic_filter}: {code:#x}")
        self.topic_filter = topic_filter
        self.code = code


class BrokerClient:
    """One connection to the broker; make a new one for the next, since paho keeps what the old one queued."""

    def __init__(self, options: SessionOptions, on_message: Callable[[Publish], None]) -> None:
        self._options = options
        self._aiomqtt = aiomqtt.Client(
            options.host,
            options.port,
            username=options.user_name,
            password=options.password,
            identifier=options.client_id,
            tls_context=options.tls,
            keepalive=options.keep_alive_s,
            timeout=options.connect_timeout_s,
            max_queued_outgoing_messages=options.downlink_queue_max,
            **_version_options(options),
        )
        self._paho: Paho = self._aiomqtt._client  # noqa: SLF001 - see the head of this file
        self._paho.manual_ack_set(True)
        self._paho.on_message = lambda _client, _userdata, message: on_message(_publish_of(message))
        self._tell_aiomqtt = self._paho.on_connect
        self._paho.on_connect = self._on_connect
        self._reading = True
        self.session_present = False  # whether the broker still had the session when we connected

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Connect, subscribe and stay; on leaving, disconnect.

        Raises aiomqtt.MqttError or SubscriptionRefused.
        """
        try:
            async with self._aiomqtt:
                await self._subscribe()
                yield
        finally:
            # A connection that failed half-way leaves its socket and its reader behind.
            self._paho._sock_close()  # noqa: SLF001

    async def broken(self) -> None:
        """Wait until the connection is lost; then raises aiomqtt.MqttError."""
        await anext(self._aiomqtt.messages)  # nothing is ever put into that queue

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        for packet_id in packet_ids:
            self._paho.ack(packet_id, 1)

    async def settle(self) -> None:
        """Wait until the broker has worked off all that we wrote: it answers in order.

        Without this, acknowledgements that it has not read yet are lost when our next connection replaces this one.
        """
        self.resume_reading()
        await self._aiomqtt.unsubscribe(NEVER_SUBSCRIBED)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Queue a message at QoS 1; False if the queue is full or the connection gone."""
        return self._paho.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def stop_reading(self) -> None:
        """Leave what comes in the socket, PINGRESP too: after a keep-alive period paho gives the connection up."""
        sock: Any = self._paho.socket()
        if self._reading and sock is not None:
            self._reading = False
            asyncio.get_running_loop().remove_reader(sock.fileno())

    def resume_reading(self) -> None:
        sock: Any = self._paho.socket()
        if not self._reading and sock is not None:
            self._reading = True
            asyncio.get_running_loop().add_reader(sock.fileno(), self._read)

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        self.session_present = flags.session_present
        cast("Callable[..., None]", self._tell_aiomqtt)(client, userdata, flags, reason, properties)

    def _read(self) -> None:
        sock: Any = self._paho.socket()
        try:
            self._paho.loop_read()
            while hasattr(sock, "pending") and sock.pending() > 0:  # TLS has decoded more than one packet
                self._paho.loop_read()
        except OSError as error:
            log.warning("broker_read_failed", error=type(error).__name__)
            self._paho._sock_close()  # noqa: SLF001 - aiomqtt's own loop then notices that it is gone

    async def _subscribe(self) -> None:
        filters = self._options.filters
        codes = await self._aiomqtt.subscribe([(topic_filter, 1) for topic_filter in filters])
        for topic_filter, answer in zip(filters, cast("Sequence[int | ReasonCode]", codes), strict=True):
            code = answer if isinstance(answer, int) else answer.value
            if code != 1:  # at QoS 0 nothing could be acknowledged, and a refusal is easily overlooked
                raise SubscriptionRefused(topic_filter, code)


def _version_options(options: SessionOptions) -> dict[str, Any]:
    """How to ask for the session that is already there, in each version."""
    if not options.version_5:
        return {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": False}
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = options.session_expiry_s
    properties.ReceiveMaximum = options.window
    return {"protocol": aiomqtt.ProtocolVersion.V5, "clean_start": False, "properties": properties}


def _publish_of(message: MQTTMessage) -> Publish:
    """A broker should never pass on a topic that is not UTF-8; if one does, the intake shall see it and not we fail."""
    return Publish(
        topic=message._topic.decode(errors="replace"),  # noqa: SLF001
        payload=bytes(message.payload),
        qos=message.qos,
        retain=message.retain,
        dup=message.dup,
        packet_id=message.mid,
        properties=_properties_of(message.properties),
    )


def _properties_of(properties: Properties | None) -> PublishProperties | None:
    if properties is None:
        return None
    return PublishProperties(
        content_type=getattr(properties, "ContentType", None),
        response_topic=getattr(properties, "ResponseTopic", None),
        correlation=getattr(properties, "CorrelationData", None),
        expiry_s=getattr(properties, "MessageExpiryInterval", None),
        user=tuple(getattr(properties, "UserProperty", ())),
    )
