"""A mail server under test: takes mails, or misbehaves as the test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

FAILURE_S = 20.0


class Mood(StrEnum):
    """What the server does with a mail."""

    TAKES = "takes"
    BUSY = "busy"  # 451 after the mail.
    HANGS = "hangs"  # Never answers the mail.
    LEAVES = "leaves"  # Closes the connection in the middle of it.


class MailServer:
    """Keeps every mail that it took."""

    def __init__(self) -> None:
        self.mood = Mood.TAKES
        self.mails: list[str] = []
        self.port = 0
        self._changed = asyncio.Condition()
        self._over = asyncio.Event()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(FAILURE_S), self._changed:
            await self._changed.wait_for(lambda: len(self.mails) >= count)

    def end(self) -> None:
        self._over.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                mail = await reader.readuntil(b"\r\n.\r\n")
                if not await self._judge(mail.decode(), writer):
                    return
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")

    async def _judge(self, mail: str, writer: asyncio.StreamWriter) -> bool:
        match self.mood:
            case Mood.TAKES:
                async with self._changed:
                    self.mails.append(mail)
                    self._changed.notify_all()
                writer.write(b"250 taken\r\n")
            case Mood.BUSY:
                writer.write(b"451 come back later\r\n")
            case Mood.HANGS:
                await self._over.wait()
                return False
            case Mood.LEAVES:
                return False
        return True


@asynccontextmanager
async def running_mail_server() -> AsyncIterator[MailServer]:
    """Listen on a free port while the block lasts."""
    mails = MailServer()
    server = await asyncio.start_server(mails.serve, "127.0.0.1", 0)
    mails.port = server.sockets[0].getsockname()[1]
    try:
        yield mails
    finally:
        mails.end()
        server.close()
