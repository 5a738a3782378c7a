"""The repository as the guards read it: its files, its packages, and what a name in the source stands for."""

import ast
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("sensors", "runtime", "registry", "events", "gateway", "dispatcher", "simulators", "cli", "deploy")

# What is installed, built or written at run time and is no part of the repository.
_MADE: Final = frozenset({"node_modules", "dist", "build", "__pycache__", "test-results", "images", "schema.d.ts"})


def files(*suffixes: str, under: str = ".") -> list[Path]:
    """The files below a folder that end so, as paths from the root, in order; hidden folders are left out."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = [name for name in folders if name not in _MADE and not name.startswith((".", "build"))]
        folders[:] = [name for name in folders if not name.endswith(".egg-info")]
        found += [
            Path(folder, name).relative_to(ROOT) for name in names if name.endswith(suffixes) and name not in _MADE
        ]
    return sorted(found)


def python_files(*tops: str) -> list[Path]:
    """The Python files of these top-level folders."""
    return [path for top in tops for path in files(".py", under=top)]


@cache
def text(path: Path) -> str:
    """What a file of the repository holds."""
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))


def uses(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Every name that the file takes from an import and uses, in full: `dt.now` is `datetime.datetime.now`."""
    imported = _imported(tree(path))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute | ast.Name):
            dotted = _dotted(node)
            first, _, rest = dotted.partition(".")
            if first in imported:
                yield ".".join(filter(None, (imported[first], rest))), node


def _imported(module: ast.Module) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""
