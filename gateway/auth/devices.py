"""Credentials of registered devices: the user name, the secret and the client id must agree."""

import hmac

from gateway.auth.model import Devices, Granted, Permissions, Refused, ViolationReason
from registry.credentials import secret_hmac, split_user_name
from registry.devices import Device


class DeviceAuthority:
    """Answers from the directory in memory, so that thousands of devices can come back at once (ruling D8)."""

    def __init__(self, directory: Devices, secret_key: bytes) -> None:
        self._directory = directory
        self._secret_key = secret_key

    def authenticate(self, user_name: str | None, password: bytes | None, client_id: str) -> Granted | Refused:
        """Refusals before the right password tell a stranger nothing about what is registered, by time either."""
        if not user_name or not password:
            return Refused(ViolationReason.NO_CREDENTIALS)
        named = split_user_name(user_name)
        device = self._directory.get(*named) if named else None
        right = self._is_secret_of(device, password)
        if device is None:
            return Refused(ViolationReason.UNKNOWN_DEVICE)
        if not right:
            return Refused(ViolationReason.WRONG_PASSWORD)
        if client_id != f"{device.product}-{device.name}":
            return Refused(ViolationReason.CLIENT_ID, device)
        if not device.enabled:
            return Refused(ViolationReason.DISABLED_DEVICE, device)
        return Granted(device, Permissions.of(device.product, device.name))

    def _is_secret_of(self, device: Device | None, password: bytes) -> bool:
        try:
            secret = password.decode("ascii")
        except UnicodeDecodeError:
            secret = ""
        given = secret_hmac(self._secret_key, secret)
        return hmac.compare_digest(given, device.secret_hmac if device is not None else bytes(len(given)))
