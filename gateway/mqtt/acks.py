"""Acknowledgements leave in the order in which the messages arrived, whatever order they become due in."""

from collections import deque
from collections.abc import Iterable


class AckOrder:
    """Numbers received messages and gives back their packet ids in order (MQTT-4.6.0-2).

    Tokens count from 1 and are never used twice, so a packet id that a peer uses again while
    the first message is still held is two messages, each acknowledged once.
    """

    __slots__ = ("_early", "_next_due", "_next_token", "_packet_ids")

    def __init__(self) -> None:
        self._packet_ids: deque[int] = deque()
        self._early: set[int] = set()
        self._next_token = 1
        self._next_due = 1

    def __len__(self) -> int:
        """How many messages were received and not yet released."""
        return len(self._packet_ids)

    def take(self, packet_id: int) -> int:
        token = self._next_token
        self._next_token = token + 1
        self._packet_ids.append(packet_id)
        return token

    def release(self, tokens: Iterable[int]) -> list[int]:
        """Return the packet ids to acknowledge now. An unknown token, or one released before, changes nothing."""
        due: list[int] = []
        early = self._early
        for token in tokens:
            if token == self._next_due and token < self._next_token:
                due.append(self._packet_ids.popleft())
                self._next_due += 1
                while early and self._next_due in early:
                    early.remove(self._next_due)
                    due.append(self._packet_ids.popleft())
                    self._next_due += 1
            elif self._next_due < token < self._next_token:
                early.add(token)
        return due
