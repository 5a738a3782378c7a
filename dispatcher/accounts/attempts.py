"""Slows down guessing of passwords: failures are counted a minute per account and per address, in bounded memory."""

import math
from collections import OrderedDict, deque
from typing import Final

from dispatcher.accounts.errors import TooManyAttempts

WINDOW_S: Final = 60.0
PER_ACCOUNT: Final = 5
PER_ADDRESS: Final = 20
_KEYS_MAX: Final = 10_000


class AttemptLimiter:
    """Counts attempts that have not succeeded. `now_s` is any monotonic clock in seconds."""

    def __init__(
        self, keys_max: int = _KEYS_MAX, *, per_account: int = PER_ACCOUNT, per_address: int = PER_ADDRESS
    ) -> None:
        self._limits = (per_account, per_address)
        self._failed_at: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._keys_max = keys_max

    def begin(self, login: str, address: str, now_s: float) -> None:
        """Count an attempt before it is evaluated, so that parallel guesses count too. Raises TooManyAttempts."""
        per_account, per_address = self._limits
        limits = ((("account", login), per_account), (("address", address), per_address))
        waits = [self._wait_s(key, limit, now_s) for key, limit in limits]
        if max(waits) > 0:
            raise TooManyAttempts(math.ceil(max(waits)))
        for key, _ in limits:
            self._failed_at.setdefault(key, deque()).append(now_s)
            self._failed_at.move_to_end(key)
        while len(self._failed_at) > self._keys_max:
            self._failed_at.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Take back the newest attempt of both: only failures count."""
        for key in (("account", login), ("address", address)):
            failed_at = self._failed_at.get(key)
            if failed_at:
                failed_at.pop()
                if not failed_at:
                    del self._failed_at[key]

    def _wait_s(self, key: tuple[str, str], limit: int, now_s: float) -> float:
        failed_at = self._failed_at.get(key)
        if failed_at is None:
            return 0.0
        while failed_at and failed_at[0] <= now_s - WINDOW_S:
            failed_at.popleft()
        return 0.0 if len(failed_at) < limit else failed_at[0] + WINDOW_S - now_s
