"""Takes a list out: pages as the viewer sees them into a file, a record of who took what, the file as the answer."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import quote

from aiohttp import hdrs, web

from dispatcher.accounts.model import User
from dispatcher.api.errors import ExportsExhausted, FieldRefused
from dispatcher.api.exports.tables import Language, Table
from dispatcher.api.exports.writing import MEDIA_TYPES, XLSX_ROWS_MAX, Format, ParquetMissing, writer_of
from dispatcher.api.keys import EXPORTS, RECEPTION
from dispatcher.api.routing import Call
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

PAGE_ROWS: Final = 500
ROWS_MAX: Final = 5_000_000

Pages = AsyncIterator[Sequence[Any]]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is taken out, as what, in which language; `asked` are the filters, for the record."""

    table: Table
    format: Format
    language: Language
    asked: Mapping[str, Any]


class TooManyRows(Exception):
    """The list is longer than a file may be: the filters have to narrow it."""


class TakenFile(web.FileResponse):
    """A file that goes when it has been sent, or when nobody wanted it any more."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Send it and remove it."""
        try:
            return await super().prepare(request)
        finally:
            _remove(self._path)  # at once: whoever went away cancels what would be awaited here


def wished(request: web.Request, asked: Format | None) -> Format | None:
    """The format that `format` or the header Accept asks for; None where the answer is JSON."""
    if asked is not None:
        return asked
    accepted = request.headers.get(hdrs.ACCEPT, "")
    return next((each for each, media_type in MEDIA_TYPES.items() if media_type in accepted), None)


def language_of(request: web.Request) -> Language:
    """English where the reader prefers it, else Chinese."""
    return Language.EN if request.headers.get(hdrs.ACCEPT_LANGUAGE, "").lower().startswith("en") else Language.ZH


async def take_out(call: Call[Any, Any, None], table: Table, kind: Format, pages: Pages) -> web.StreamResponse:
    """The answer with the whole list; the record of it is committed before the first byte is sent.

    Raises ExportsExhausted: whoever asks for many lists at once must not keep all others waiting for a connection.
    """
    asked = call.query.model_dump(mode="json", exclude_none=True, exclude={"cursor", "limit", "format"})
    wish = Wish(table, kind, language_of(call.request), asked)
    room = call.request.app[EXPORTS]
    if room.locked():
        raise ExportsExhausted
    drafts = call.request.app[RECEPTION].folder.drafts
    try:
        async with room:
            path, _ = await written(call.conn, wish, pages, call.viewer, call.at, folder=drafts)
    except ParquetMissing:
        raise FieldRefused(("query", "format"), "needs the extra `export`") from None
    except TooManyRows:
        raise FieldRefused(("query",), f"more than {ROWS_MAX} rows: narrow the list") from None
    name = f"{table.subject}-{call.at:%Y%m%d%H%M}.{kind}"
    media_type = MEDIA_TYPES[kind]
    headers = {
        hdrs.CONTENT_TYPE: f"{media_type}; charset=utf-8" if kind is Format.CSV else media_type,
        hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{quote(name)}",
        hdrs.CACHE_CONTROL: "no-store",
    }
    return TakenFile(path, headers=headers)


async def written(
    conn: Connection, wish: Wish, pages: Pages, viewer: User, at: datetime, *, folder: Path | None = None
) -> tuple[Path, int]:
    """A new file with every row, and how many there are; recorded in the caller's transaction.

    What a crash leaves in a folder of drafts goes with the drafts; None: where the system keeps temporary files.

    Raises ParquetMissing, TooManyRows.
    """
    path = _new_file(wish.format, folder)
    count = 0
    try:
        writer = await _finished(writer_of, wish.format, path, wish.table, wish.language)
        async for page in pages:
            count += len(page)
            _refuse_length(count, wish.format)
            await _finished(writer.add, page)
        await _finished(writer.close)
        await record(conn, viewer, wish.table.subject, wish.format, wish.asked, count, at)
    except BaseException:
        _remove(path)
        raise
    return path, count


async def record(
    conn: Connection, viewer: User, subject: str, kind: str, asked: Mapping[str, Any], rows: int, at: datetime
) -> None:
    """Note down who took what out."""
    await conn.execute(
        QUERIES.insert_export, at, viewer.actor, viewer.organisation_id, subject, kind, dict(asked), rows
    )


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _refuse_length(rows: int, kind: Format) -> None:
    if rows > (XLSX_ROWS_MAX if kind is Format.XLSX else ROWS_MAX):
        raise TooManyRows


async def _finished(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Work in a thread, waited for also by who is cancelled: it must not write into a file that was removed."""
    task = asyncio.create_task(asyncio.to_thread(work, *args, **more), name="export")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _new_file(kind: Format, folder: Path | None) -> Path:
    with tempfile.NamedTemporaryFile(prefix="export-", suffix=f".{kind}", dir=folder, delete=False) as file:
        return Path(file.name)
