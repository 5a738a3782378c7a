"""What is installed is pinned by version and content, and names neither a registry nor a machine."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from tests.architecture.repository import ROOT, files

CONSOLE: Final = ROOT / "dispatcher" / "console"

_REGISTRY: Final = re.compile(
    r"registry\.npm|pypi\.(org|python)|pythonhosted|npmmirror|/simple\b|index-url|find-links|artifactory|nexus|mirrors?\.",
    re.IGNORECASE,
)
# Places that belong to nobody in particular, where a checkout may lie without its path being a secret of a machine.
_OF_NOBODY: Final = frozenset(Path(place) for place in ("/", "/tmp", "/var/tmp", "/srv", "/opt", "/home", "/usr/src"))
_TEXTS: Final = (
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".json",
    ".ts",
    ".vue",
    ".js",
    ".sql",
    ".csv",
    ".css",
    ".html",
    ".yml",
    ".yaml",
)


def test_constraints_pin_every_package_to_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    loose = [line for line in lines if not re.fullmatch(r"(#.*)?|[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line)]
    assert loose == []


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *project["optional-dependencies"]["test"],
        *project["optional-dependencies"]["bench"],
    ]
    pinned = {
        _plain(line.partition("==")[0]) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    assert {_plain(re.split(r"[<>=!~\[ ;]", each)[0]) for each in wanted} - pinned == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_console_lock_pins_content_and_no_address() -> None:
    packages: dict[str, dict[str, Any]] = json.loads((CONSOLE / "package-lock.json").read_text(encoding="utf-8"))[
        "packages"
    ]
    installed = {path: row for path, row in packages.items() if path}
    assert [path for path, row in installed.items() if "resolved" in row or row.get("link")] == []
    assert [path for path, row in installed.items() if not row.get("integrity", "").startswith("sha512-")] == []


def test_console_lock_names_nobodys_address() -> None:
    """Who asks for money for a package is told by the package."""
    assert "://" not in (CONSOLE / "package-lock.json").read_text(encoding="utf-8")


def test_no_configuration_names_a_registry() -> None:
    named = [
        f"{path}:{number}"
        for path in (*_configurations(), *files(".txt", ".toml", "package.json", "package-lock.json"))
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if _REGISTRY.search(line) and "omit-lockfile-registry-resolved" not in line
    ]
    assert named == []


def test_nothing_names_the_machine_that_it_was_written_on() -> None:
    places = {ROOT, ROOT.parent, Path.home()} - _OF_NOBODY
    own = [re.compile(rf"(?<![\w.}}/-]){re.escape(str(place))}(?=[/\s\"'`]|$)", re.MULTILINE) for place in places]
    own.append(re.compile(r"(?<![\w.}])/(?:home|Users)/[a-z][\w.-]*/"))
    named = [
        str(path)
        for path in (*files(*_TEXTS), *_configurations())
        if any(place.search((ROOT / path).read_text(encoding="utf-8")) for place in own)
    ]
    assert named == []


def _configurations() -> list[Path]:
    """Files without a telling suffix that configure tools."""
    found = [Path(name) for name in ("Makefile", ".npmrc", ".gitignore", "dispatcher/console/.npmrc")]
    return [*found, *(path.relative_to(ROOT) for path in sorted((ROOT / ".ci").iterdir()) if path.is_file())]
