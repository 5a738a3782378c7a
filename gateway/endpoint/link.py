"""One socket at the front door: whether it is read, how it is written, when it is closed. Knows no packet."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import cast

from gateway.endpoint.door import OUR_DOING, Door, Pause
from gateway.endpoint.options import Timer


class Link(asyncio.Protocol):
    """The transport's side of a connection; what the bytes mean is up to the class that derives from it."""

    __slots__ = ("_closed", "_door", "_peer", "_stall", "_timer", "_transport", "heard_at", "pauses")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport
        self._peer = ""
        self._closed = False
        self._timer: Timer | None = None  # one at a time: for CONNECT, for the keep-alive, for the last bytes
        self._stall: Timer | None = None
        self.pauses = Pause(0)
        self.heard_at = 0.0

    def closed(self) -> bool:
        return self._closed

    def open(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self._peer = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "local"
        raw = transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):  # the peer may be gone already
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._transport.set_write_buffer_limits(high=self._door.options.write_buffer_bytes)

    def write(self, raw: bytes) -> None:
        self._transport.write(raw)

    def after(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Call back after a while, instead of what was to be called back before."""
        self.cancel_timer()
        self._timer = self._door.timers.call_later(delay_s, callback)

    def cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause(self, reason: Pause) -> None:
        """Stop reading until every reason to is gone; the peer's own send buffer fills up meanwhile."""
        if self._closed:
            return
        if not self.pauses:
            self._door.counts.unread += 1
            if not self._transport.is_closing():
                self._transport.pause_reading()
        self.pauses |= reason

    def resume(self, reason: Pause) -> None:
        if self._closed or not self.pauses & reason:
            return
        if self.pauses & OUR_DOING:
            self.heard_at = self._door.timers.time()
        self.pauses &= ~reason
        if not self.pauses:
            self._door.counts.unread -= 1
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The write buffer is above its limit: who does not read shall not be read either."""
        if not self._closed:
            self._stall = self._door.timers.call_later(self._door.options.write_stall_s, self.stalled)
            self.pause(Pause.WRITE)

    def resume_writing(self) -> None:
        self._cancel_stall()
        self.resume(Pause.WRITE)

    def stalled(self) -> None:
        """The peer has read nothing for `write_stall_s`."""
        raise NotImplementedError

    def shut(self, *, at_once: bool = False) -> None:
        """Close when the last bytes are out (after `linger_s` at the latest) or at once; once is enough."""
        if self._closed:
            return
        if self.pauses:
            self._door.counts.unread -= 1
        self._closed = True
        self.cancel_timer()
        self._cancel_stall()
        if at_once:
            self._transport.abort()
        elif not self._transport.is_closing():
            self._transport.close()
            self.after(self._door.options.linger_s, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # a reset and an end of file mean the same here
        self.shut()
        self.cancel_timer()

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
