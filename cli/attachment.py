"""`rongan attachment`: whether every row has its file, whole, and every file its row."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from cli.program import read_settings, run_program
from dispatcher.attachments import store
from dispatcher.attachments.folder import Folder
from runtime.pool import Connection, connect

app = typer.Typer(help="Compare photos and documents with their rows.", no_args_is_help=True)

_PAGE = 500


@dataclass
class Compared:
    """What was found, as hashes in hex."""

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    without_row: list[str] = field(default_factory=list)
    removed: int = 0


@app.callback()
def noun() -> None:
    """Compare photos and documents with their rows."""


@app.command()
def check(
    sweep: Annotated[bool, typer.Option("--sweep", help="Remove files of a day and more that no row names.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look for files that are missing, damaged or without a row; exit code 1 where one is missing or damaged."""
    settings = read_settings()
    found = Compared()

    async def main() -> None:
        folder = Folder(settings.attachments)
        await asyncio.to_thread(folder.create)
        # Files first: what is uploaded meanwhile has a row by the time that rows are read.
        names = await asyncio.to_thread(folder.names)
        conn = await connect(settings.app_dsn(), application_name="rongan-attachment")
        try:
            known = {content async for content in _contents(conn, folder, found)}
            found.without_row = sorted(names - known)
            for name in found.without_row if sweep else ():
                async with conn.transaction():
                    found.removed += await store.remove_forgotten(conn, folder, bytes.fromhex(name))
        finally:
            await conn.close()

    run_program("attachment", settings, main)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        typer.echo(
            f"{found.checked} checked, {len(found.missing)} missing, {len(found.damaged)} damaged, "
            f"{len(found.without_row)} without a row, {found.removed} removed"
        )
    if found.missing or found.damaged:
        raise typer.Exit(1)


async def _contents(conn: Connection, folder: Folder, found: Compared) -> AsyncIterator[str]:
    after = b""
    while page := await store.contents_after(conn, after, _PAGE):
        for content in page:
            found.checked += 1
            path = folder.file(content)
            if not path.is_file():
                found.missing.append(content.hex())
            elif await asyncio.to_thread(_digest, path) != content:
                found.damaged.append(content.hex())
            yield content.hex()
        after = page[-1]


def _digest(path: Path) -> bytes:
    return sha256(path.read_bytes()).digest()
