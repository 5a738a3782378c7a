"""The two roles of a database: the owner, which migrates, and the role of the processes, which owns nothing."""

from typing import Final

import asyncpg

_LITERAL: Final = "SELECT quote_ident($1) AS name, quote_literal($2) AS word"


async def ensure_app_role(conn: "asyncpg.Connection[asyncpg.Record]", role: str, password: str) -> None:
    """Create the role of the processes, or give it this password; needs CREATEROLE."""
    quoted = await conn.fetchrow(_LITERAL, role, password)
    assert quoted is not None  # noqa: S101
    exists = await conn.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role)
    verb = "ALTER" if exists else "CREATE"
    await conn.execute(
        f"{verb} ROLE {quoted['name']} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {quoted['word']}"
    )


async def ensure_database(conn: "asyncpg.Connection[asyncpg.Record]", database: str, owner: str) -> None:
    """Create a database unless it exists."""
    if await conn.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database):
        return
    quoted = await conn.fetchrow(_LITERAL, database, "")
    quoted_owner = await conn.fetchrow(_LITERAL, owner, "")
    assert quoted is not None  # noqa: S101
    assert quoted_owner is not None  # noqa: S101
    await conn.execute(f"CREATE DATABASE {quoted['name']} OWNER {quoted_owner['name']}")
