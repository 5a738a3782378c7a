"""Standard Webhooks: the signature of what goes out and the proof of what comes in."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from dispatcher.channels.errors import ReceiptUnsigned

TOLERANCE_S: Final = 300


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Signature `v1,<base64>` over `id.timestamp.body`. The secret is `whsec_` and base64; raises ValueError."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def headers(secret: str, message_id: str, real_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed call, and the key by which a receiver knows it again."""
    timestamp_s = int(real_at.timestamp())
    return {
        "Idempotency-Key": message_id,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": sign(secret, message_id, timestamp_s, body),
    }


def verify(secret: str, given: Mapping[str, str], body: bytes, real_at: datetime) -> str:
    """The id of a call whose signature holds and whose time is within 5 minutes. Raises ReceiptUnsigned."""
    message_id = given.get("webhook-id", "")
    timestamp = given.get("webhook-timestamp", "")
    if not message_id or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise ReceiptUnsigned("headers")
    if abs(real_at.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise ReceiptUnsigned("time")
    expected = sign(secret, message_id, int(timestamp), body).removeprefix("v1,")
    for part in given.get("webhook-signature", "").split(" "):
        version, _, signature = part.partition(",")
        if version == "v1" and _is_equal(signature, expected):
            return message_id
    raise ReceiptUnsigned("signature")


def _is_equal(given: str, expected: str) -> bool:
    try:
        return hmac.compare_digest(base64.b64decode(given, validate=True), base64.b64decode(expected))
    except (binascii.Error, ValueError):
        return False
