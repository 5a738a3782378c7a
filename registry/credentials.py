"""The credential of a device: who it says it is, its secret, and the topics that are its own."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

PRODUCT_PATTERN: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
DEVICE_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Credential:
    """Shown once, when the device is registered; only the secret's HMAC is kept."""

    product: str
    device: str
    user_name: str
    password: str
    client_id: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def new_credential(product: str, device: str) -> Credential:
    """A credential with 32 random bytes of secret. Raises ValueError for a name outside the published patterns."""
    if not PRODUCT_PATTERN.fullmatch(product):
        raise ValueError(f"product key must match {PRODUCT_PATTERN.pattern}: {product!r}")
    if not DEVICE_PATTERN.fullmatch(device):
        raise ValueError(f"device name must match {DEVICE_PATTERN.pattern}: {device!r}")
    root = f"/sys/{product}/{device}"
    return Credential(
        product=product,
        device=device,
        user_name=f"{device}&{product}",
        password=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="),
        client_id=f"{product}-{device}",
        publish=(
            f"{root}/thing/event/+/post",
            f"{root}/thing/event/property/+/post",
            f"{root}/thing/event/history/post",
            f"{root}/state",
            f"/ext/ntp/{product}/{device}/request",
        ),
        subscribe=(f"{root}/thing/#", f"/ext/ntp/{product}/{device}/response"),
    )


def secret_hmac(key: bytes, secret: str) -> bytes:
    """HMAC-SHA-256 of a device's secret: fast enough for thousands of connects a second (ruling D8)."""
    return hmac.new(key, secret.encode(), hashlib.sha256).digest()


def split_user_name(user_name: str) -> tuple[str, str] | None:
    """(product, device) of an Alink user name `{device}&{product}`; None when it is not one."""
    device, ampersand, product = user_name.rpartition("&")
    if not ampersand or not PRODUCT_PATTERN.fullmatch(product) or not DEVICE_PATTERN.fullmatch(device):
        return None
    return product, device
