"""Every row of a database that a test may compare with another's, as text: only what real time made is left out."""

from typing import Final

from runtime.pool import Connection

# Tables of real time alone.
LEFT_OUT: Final = {
    "leadership": "who leads since when, in real time; each life has an epoch of its own",
    "clock_confirmations": "which process was seen when",
    "schema_migrations": "when the schema was made",
    "attempt_states": "how far the attempts came",
    "indicator_progress": "when a finished day is looked for again",
    "indicator_days": "which finished days were counted already; figures are the same without",
    "indicator_cells": "what was counted of them",
}
# Columns of real time in tables of the domain.
COLUMNS: Final = {
    "cursors": {"epoch": "counts the lives"},
    "outbox": {
        "next_at": "the database's real clock",
        "lease_token": "random",
        "lease_until": "the database's real clock",
        "attempts": "a killed sender tries again",
        "sent_at": "the database's real clock",
        "last_error": "of the last attempt",
        "state": "how far the attempts came",
        "progress": "how far the attempts came",
        "progress_at": "of the last attempt",
        "progress_note": "of the last attempt",
    },
}

_TABLES: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"""


async def dump(conn: Connection) -> dict[str, list[str]]:
    """The rows of each table, sorted."""
    tables = [row["relname"] for row in await conn.fetch(_TABLES)]
    found: dict[str, list[str]] = {}
    for table in tables:
        if table not in LEFT_OUT:
            # jsonb: one text for one value, whatever the order of its keys.
            query = f"SELECT (to_jsonb(t) - $1::text[])::text AS row FROM {table} t"  # noqa: S608
            found[table] = sorted(row["row"] for row in await conn.fetch(query, list(COLUMNS.get(table, {}))))
    return found


def differences(quiet: dict[str, list[str]], disturbed: dict[str, list[str]]) -> list[str]:
    """The first rows of each table that only one of the two has."""
    told = []
    for table in sorted(quiet.keys() | disturbed.keys()):
        left, right = quiet.get(table, []), disturbed.get(table, [])
        if left == right:
            continue
        ours, theirs = set(left), set(right)
        told += [f"{table}: {len(left)} rows, disturbed {len(right)}"]
        told += [f"  only quiet:     {row[:600]}" for row in sorted(ours - theirs)[:3]]
        told += [f"  only disturbed: {row[:600]}" for row in sorted(theirs - ours)[:3]]
    return told
