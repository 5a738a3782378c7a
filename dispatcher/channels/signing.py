"""Standard Webhooks: the signature of what goes out and the proof of what comes in."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from dispatcher.channels.errors import ReceiptUnsigned

TOLERANCE_S: Final = 300
_PREFIX: Final = "whsec_"


def new_secret() -> str:
    """A secret for two to share: 32 random bytes as `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Signature `v1,<base64>` over `id.timestamp.body`. The secret is `whsec_` and base64; raises ValueError."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(_digest(key, message_id, timestamp_s, body)).decode()


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
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ReceiptUnsigned("signature") from None
    if not key:  # what anybody could sign with
        raise ReceiptUnsigned("signature")
    expected = _digest(key, message_id, int(timestamp), body)
    parts = [part.partition(",") for part in given.get("webhook-signature", "").split()]
    if not any(version == "v1" and _is_equal(signature, expected) for version, _, signature in parts):
        raise ReceiptUnsigned("signature")
    # Only whoever holds the secret learns more.
    if abs(real_at.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise ReceiptUnsigned("time")
    return message_id


def _digest(key: bytes, message_id: str, timestamp_s: int, body: bytes) -> bytes:
    # An id comes with whatever bytes somebody sent, escaped as aiohttp escapes them.
    content = f"{message_id}.{timestamp_s}.".encode(errors="surrogateescape") + body
    return hmac.digest(key, content, "sha256")


def _is_equal(given: str, expected: bytes) -> bool:
    try:
        return hmac.compare_digest(base64.b64decode(given, validate=True), expected)
    except ValueError:
        return False
