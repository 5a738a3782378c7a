"""The answer to a device that asks for the time."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoint import ntp

RECEIVED = datetime(2026, 11, 22, 4, 0, 0, 123_000, tzinfo=UTC)
SENT = RECEIVED + timedelta(milliseconds=7)


def test_times_are_milliseconds() -> None:
    answer = ntp.answer(b'{"deviceSendTime":5}', received_at=RECEIVED, sent_at=SENT)

    assert answer is not None
    assert orjson.loads(answer) == {
        "deviceSendTime": 5,
        "serverRecvTime": 1_795_320_000_123,
        "serverSendTime": 1_795_320_000_130,
    }


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"{}", b'{"deviceSendTime":null}', b'{"deviceSendTime":true}', b'{"deviceSendTime":1.5}'],
)
def test_anything_else_is_no_request(payload: bytes) -> None:
    assert ntp.answer(payload, received_at=RECEIVED, sent_at=SENT) is None


@given(st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing(payload: bytes) -> None:
    ntp.answer(payload, received_at=RECEIVED, sent_at=SENT)


def test_response_goes_to_the_device_that_asked() -> None:
    assert ntp.response_topic("/ext/ntp/p/request/request") == "/ext/ntp/p/request/response"
