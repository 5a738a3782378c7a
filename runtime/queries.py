"""Loads the SQL of a package: `queries.sql` holds `-- name: open_ticket :one` blocks, one query each."""

import functools
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

_HEADER: Final = re.compile(r"^--\s*name:\s*(?P<name>\S+)\s+:(?P<yields>\S+)\s*$")
_NAME: Final = re.compile(r"^[a-z][a-z0-9_]*$")
_YIELDS: Final = frozenset({"one", "many", "exec"})


class QueryFileInvalid(ValueError):
    """A `queries.sql` that cannot be read unambiguously; `line` counts from 1."""

    def __init__(self, source: str, line: int, reason: str) -> None:
        super().__init__(f"{source}:{line}: {reason}")
        self.source = source
        self.line = line
        self.reason = reason


class Queries:
    """The queries of one file; `queries.open_ticket` is the SQL text, an unknown name an AttributeError."""

    __slots__ = ("_source", "_texts", "_yields")

    def __init__(self, source: str, texts: Mapping[str, str], yields: Mapping[str, str]) -> None:
        self._source = source
        self._texts = MappingProxyType(dict(texts))
        self._yields = MappingProxyType(dict(yields))

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"{self._source} has no query named {name}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def yields(self, name: str) -> str:
        """What the query gives back: `one`, `many` or `exec`."""
        return self._yields[name]


@functools.cache
def load(package: str) -> Queries:
    """Read `queries.sql` of an importable package, e.g. `load(__package__)`.

    Raises FileNotFoundError where the package has no such file and QueryFileInvalid where it is malformed.
    """
    text = resources.files(package).joinpath("queries.sql").read_text(encoding="utf-8")
    return parse(text, source=f"{package}/queries.sql")


def parse(text: str, *, source: str) -> Queries:
    """Split a file into its queries. Raises QueryFileInvalid on SQL before the first name, a twin or an empty query."""
    texts: dict[str, str] = {}
    yields: dict[str, str] = {}
    name: str | None = None
    started_at = 0
    body: list[str] = []

    def close() -> None:
        if name is None:
            return
        query = "\n".join(body).strip().removesuffix(";").rstrip()
        if not any(line.strip() and not line.strip().startswith("--") for line in query.splitlines()):
            raise QueryFileInvalid(source, started_at, f"query {name} is empty")
        texts[name] = query

    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header is not None:
            close()
            name, started_at, body = header["name"], number, []
            _check_header(source, number, name, header["yields"], texts)
            yields[name] = header["yields"]
        elif re.match(r"^--\s*name:", line):
            raise QueryFileInvalid(source, number, "a query starts with `-- name: some_name :one|:many|:exec`")
        elif name is None and line.strip() and not line.startswith("--"):
            raise QueryFileInvalid(source, number, "SQL stands before the first name")
        else:
            body.append(line)
    close()
    return Queries(source, texts, yields)


def _check_header(source: str, number: int, name: str, yields: str, texts: Mapping[str, str]) -> None:
    if not _NAME.match(name):
        raise QueryFileInvalid(source, number, f"{name} is no lower snake name")
    if yields not in _YIELDS:
        raise QueryFileInvalid(source, number, f"{name} yields :{yields}, not :one, :many or :exec")
    if name in texts:
        raise QueryFileInvalid(source, number, f"{name} is named twice")
