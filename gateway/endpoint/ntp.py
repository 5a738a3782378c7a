"""The clock for devices that have none: Alink's request and response on `/ext/ntp/{product}/{device}`."""

from datetime import datetime

import orjson


def response_topic(request_topic: str) -> str:
    return request_topic.removesuffix("request") + "response"


def answer(payload: bytes, *, received_at: datetime, sent_at: datetime) -> bytes | None:
    """The response to a request, times in Unix milliseconds; None if it is not a request.

    Times are numbers if the device wrote a number and text if it wrote text, as Alink's own clients do.
    """
    try:
        request = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    device_sent = request.get("deviceSendTime") if isinstance(request, dict) else None
    if isinstance(device_sent, bool) or not isinstance(device_sent, str | int) or len(str(device_sent)) > 20:
        return None
    received_ms, sent_ms = (int(at.timestamp() * 1000) for at in (received_at, sent_at))
    times = (str(received_ms), str(sent_ms)) if isinstance(device_sent, str) else (received_ms, sent_ms)
    return orjson.dumps({"deviceSendTime": device_sent, "serverRecvTime": times[0], "serverSendTime": times[1]})
