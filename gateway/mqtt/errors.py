"""Why a sequence of bytes is not MQTT."""

from enum import StrEnum


class Malformation(StrEnum):
    """The rule of the MQTT specification that the bytes break."""

    PACKET_TYPE = "packet_type"  # the type is reserved (0, or AUTH in 3.1.1)
    RESERVED_FLAGS = "reserved_flags"  # bits that must have a fixed value have another
    REMAINING_LENGTH = "remaining_length"  # the length field is longer than four bytes
    PACKET_TOO_LARGE = "packet_too_large"  # packet or payload above the limit; refused before it is buffered
    TRUNCATED = "truncated"  # a field ends behind the end of the packet
    TRAILING_BYTES = "trailing_bytes"  # the packet goes on behind its last field
    UTF8 = "utf8"  # a string is not UTF-8, or encodes a surrogate
    NUL_CHARACTER = "nul_character"  # a string holds U+0000
    TOPIC_EMPTY = "topic_empty"  # a topic or filter without a character
    TOPIC_WILDCARD = "topic_wildcard"  # `+` or `#` in the topic of a message
    FILTER = "filter"  # `+` or `#` where a filter may not have it
    QOS = "qos"  # QoS 3, or DUP at QoS 0
    PACKET_ID_ZERO = "packet_id_zero"  # packet id 0 where one is required
    NO_FILTERS = "no_filters"  # SUBSCRIBE or UNSUBSCRIBE without a filter
    RETURN_CODE = "return_code"  # a code that the specification does not know
    PROTOCOL_NAME = "protocol_name"  # CONNECT of another protocol
    PROTOCOL_LEVEL = "protocol_level"  # CONNECT of a level that is not spoken here


class ProtocolViolation(Exception):
    """The peer broke a rule of MQTT; the connection must be closed.

    `level` is the protocol level of a CONNECT that was refused for its level, since the
    answer must be in the peer's own version.
    """

    def __init__(self, malformation: Malformation, *, level: int | None = None) -> None:
        super().__init__(malformation.value)
        self.malformation = malformation
        self.level = level
