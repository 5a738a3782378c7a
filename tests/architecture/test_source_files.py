"""What every source file owes its reader: a first sentence, a length that can be read, a name that says something."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.repository import PACKAGES, files, python_files, text, tree

_LINES_MAX: Final = 400
_FUNCTION_LINES_MAX: Final = 80

# Words that say nothing of what a module or class is for; "process" and the like only as the verb of a function.
_EMPTY: Final = frozenset(
    (
        "manager",
        "mgr",
        "util",
        "utils",
        "helper",
        "common",
        "core",
        "base",
        "misc",
        "data",
        "info",
        "service",
        "impl",
        "dto",
    )
)
_EMPTY_VERBS: Final = frozenset({"handle", "process", "do", "perform", "manage"})

# Names that hold such a word and are right all the same.
NAMED: Final = {
    "data_received": "a method of asyncio.Protocol",
    "process_specs": "the processes are what it describes",
    "do_nothing": "a handler of a test that does nothing",
    "was_core": "a core of DBSCAN",
    "test_a_border_that_a_nearer_core_takes_moves_and_the_versions_tell": "a core of DBSCAN",
    "test_a_border_is_explained_by_its_nearest_core": "a core of DBSCAN",
    "_core": "a core of DBSCAN",
    "test_registry_data": "named after the folder registry/data",
}


def words(name: str) -> list[str]:
    """The words of a name in snake or camel case, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)]


def empty_names(path: Path) -> Iterator[str]:
    """The names of a file that say nothing: its own, its folders', its classes' and its functions'."""
    yield from (part for part in path.with_suffix("").parts if _EMPTY & set(words(part)))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef) and _EMPTY & set(words(node.name)):
            yield node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("__"):
            said = words(node.name)
            if _EMPTY & set(said) or (said and said[0] in _EMPTY_VERBS):
                yield node.name


def first_sentence(path: Path) -> str:
    """What the file says of itself before anything else."""
    if path.suffix == ".py":
        return (ast.get_docstring(tree(path)) or "").partition("\n")[0]
    lines = [line.strip() for line in text(path).splitlines()[:4]]
    start = next((place for place, line in enumerate(lines) if line.startswith(("/**", "-- "))), None)
    if start is None:
        return ""
    said = lines[start].removeprefix("/**").removesuffix("*/").removeprefix("-- ").strip()
    return said or lines[start + 1].removeprefix("*").strip()


def test_files_can_be_read_at_a_sitting() -> None:
    long = [
        str(path)
        for path in [*python_files(*PACKAGES, "tests"), *files(".ts", ".vue", ".css", under="dispatcher/console")]
        if text(path).count("\n") > _LINES_MAX
    ]
    assert long == []


def test_functions_can_be_read_at_a_glance() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files(*PACKAGES, "tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= _FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_file_starts_with_the_sentence_that_it_exists_for() -> None:
    sources = [
        *python_files(*PACKAGES, "tests"),
        *files(".ts", ".vue", under="dispatcher/console/src"),
        *(path for path in files("queries.sql")),
    ]
    silent = [str(path) for path in sources if not _is_sentence(first_sentence(path))]
    assert silent == []


def _is_sentence(said: str) -> bool:
    """At least three words, or as many Chinese characters."""
    return len(said.split()) >= 3 or len(re.findall(r"[\u4e00-\u9fff]", said)) >= 3


def test_names_say_something() -> None:
    empty = {(str(path), name) for path in python_files(*PACKAGES, "tests") for name in empty_names(path)}
    assert {(path, name) for path, name in empty if name not in NAMED} == set()
    assert {name for _, name in empty} == set(NAMED)


def test_console_modules_say_something() -> None:
    found = [path for path in files(".ts", ".vue", under="dispatcher/console/src") if _EMPTY & set(words(path.stem))]
    assert found == []
