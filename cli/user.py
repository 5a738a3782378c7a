"""`rongan user`: who may log in."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from dispatcher.accounts import store
from dispatcher.accounts.errors import UserRefused, UserUnknown
from dispatcher.accounts.model import User, UserRole
from dispatcher.accounts.passwords import generate_password
from runtime.clock import RealClock
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="The people who may log in.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Login = Annotated[str, typer.Argument(help="2 to 64 of a-z, 0-9, dot, underscore, hyphen.", show_default=False)]
Password = Annotated[
    str | None,
    typer.Option("--password", envvar="RONGAN_NEW_PASSWORD", help="At least 12 characters; generated if not given."),
]


class UserCommandRefused(Explained):
    """The user cannot be made or changed as asked."""


@app.command()
def add(
    login: Login,
    role: Annotated[list[UserRole], typer.Option("--role", help="May be given several times.")],
    area: Annotated[str, typer.Option("--area", help="Sees this area and what lies in it.")],
    name: Annotated[str, typer.Option("--name", help="The name that colleagues see; the login if not given.")] = "",
    organisation: Annotated[str | None, typer.Option("--organisation", help="Sees its tickets too.")] = None,
    password: Password = None,
    as_json: AsJson = False,
) -> None:
    """Add a user. A generated password is printed this once."""
    word = password or generate_password()

    async def work(conn: Connection) -> None:
        user_id = await store.create_user(
            conn,
            login=login,
            zh_name=name or login,
            password=word,
            roles=role,
            area_id=area,
            organisation_id=organisation,
            at=RealClock().now(),
        )
        _tell({"id": user_id, "login": login} | ({} if password else {"password": word}), as_json=as_json)

    _run(work)


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List all users."""

    async def work(conn: Connection) -> None:
        users = await store.list_users(conn)
        if as_json:
            typer.echo(json.dumps({"items": [_shown(user) for user in users]}, ensure_ascii=False))
            return
        table = Table("login", "name", "roles", "organisation", "area", "enabled")
        for user in users:
            shown = _shown(user)
            cells = (_cell(shown[key]) for key in ("login", "zh_name", "roles", "organisation_id", "area_id"))
            table.add_row(*cells, "yes" if user.enabled else "no")
        Console().print(table)

    _run(work)


@app.command()
def disable(login: Login) -> None:
    """Keep a user out; its sessions and live streams end at once."""

    async def work(conn: Connection) -> None:
        await store.set_enabled(conn, login, enabled=False)
        typer.echo(f"{login} is disabled")

    _run(work)


@app.command()
def enable(login: Login) -> None:
    """Let a disabled user in again."""

    async def work(conn: Connection) -> None:
        await store.set_enabled(conn, login, enabled=True)
        typer.echo(f"{login} is enabled")

    _run(work)


@app.command()
def password(login: Login, password: Password = None, as_json: AsJson = False) -> None:
    """Change a password and end the user's sessions. A generated password is printed this once."""
    word = password or generate_password()

    async def work(conn: Connection) -> None:
        await store.set_password(conn, login, word)
        _tell({"login": login} | ({} if password else {"password": word}), as_json=as_json)

    _run(work)


def _run(work: Callable[[Connection], Awaitable[None]]) -> None:
    async def whole(conn: Connection) -> None:
        try:
            async with conn.transaction():
                await work(conn)
        except (UserRefused, UserUnknown) as refused:
            raise UserCommandRefused(str(refused)) from refused

    run_on_database("user", whole)


def _shown(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "login": user.login,
        "zh_name": user.zh_name,
        "roles": sorted(user.roles),
        "organisation_id": user.organisation_id,
        "area_id": user.area_id,
        "enabled": user.enabled,
    }


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _tell(told: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for key, value in told.items():
            typer.echo(f"{key}: {value}")
