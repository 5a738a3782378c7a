"""The knowledge base: articles in versions, found by what a caller asks, cited in answers given at once.

Search is by substring, not by PostgreSQL's full text: no text search configuration of PostgreSQL segments Chinese, and
trigrams find nothing of a word of two characters, which most Chinese words are. A question becomes its pairs of
neighbouring characters and its whole Latin words; an article counts by how many of them it holds, its title threefold.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.desk.errors import CitationUnknown, DeskUnknown
from dispatcher.desk.receipts import QUERIES
from registry.calendar import day_of
from runtime.pool import Connection

_HAN: Final = re.compile(r"[\u3400-\u9fff]+")
_WORD: Final = re.compile(r"[a-z0-9]{2,}")
_PIECES_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One version as somebody writes it; `kind` and `demand` None: it helps with any."""

    kind: str | None
    demand: str | None
    zh_title: str
    en_title: str
    zh_text: str
    en_text: str
    source: str
    valid_from: date
    valid_until: date | None  # The last day; None: until a newer version begins.


def pieces(question: str) -> tuple[str, ...]:
    """What is looked for: pairs of neighbouring Chinese characters (a lone one as it is), and whole Latin words."""
    lowered = question.lower()
    pairs = [run[start : start + 2] for run in _HAN.findall(lowered) for start in range(max(1, len(run) - 1))]
    return tuple(dict.fromkeys([*pairs, *_WORD.findall(lowered)]))[:_PIECES_MAX]


async def search(
    conn: Connection, question: str | None, *, kind: str | None, demand: str | None, at: datetime, limit: int
) -> list[dict[str, Any]]:
    """The versions in force that answer best, best first; without a question all of them, in the order of their ids."""
    wanted = list(pieces(question)) if question is not None else []
    if question is not None and not wanted:
        return []
    rows = await conn.fetch(QUERIES.search_articles, day_of(at), wanted, kind, demand, limit)
    return [dict(row) for row in rows]


async def versions(conn: Connection, article_id: str) -> list[dict[str, Any]]:
    """Every version of an article, the newest first. Raises DeskUnknown where there is none."""
    rows = await conn.fetch(QUERIES.list_versions, article_id)
    if not rows:
        raise DeskUnknown("article")
    return [dict(row) for row in rows]


async def publish(conn: Connection, article_id: str, article: Article, user: User, at: datetime) -> int:
    """Add the next version of an article, or its first, and return its number. Raises CitationUnknown."""
    if article.kind is not None and await conn.fetchval(QUERIES.kind_exists, article.kind) is None:
        raise CitationUnknown("kind", article.kind, f"no event kind {article.kind!r}")
    await conn.execute(QUERIES.hold_article, article_id)
    await conn.execute(QUERIES.insert_article, article_id, at)
    version: int = (await conn.fetchval(QUERIES.newest_version, article_id) or 0) + 1
    await conn.execute(
        QUERIES.insert_version,
        article_id,
        version,
        article.kind,
        article.demand,
        article.zh_title,
        article.en_title,
        article.zh_text,
        article.en_text,
        article.source,
        article.valid_from,
        article.valid_until,
        at,
        user.actor,
    )
    return version


async def end(conn: Connection, article_id: str, version: int, last_day: date) -> None:
    """Let a version end with a day. Raises DeskUnknown for one that does not exist or begins later."""
    if await conn.fetchval(QUERIES.end_version, article_id, version, last_day) is None:
        raise DeskUnknown("article")
