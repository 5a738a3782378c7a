"""The one directory that an installation lives in (`RONGAN_HOME`): who may enter it, its secrets, its lock."""

import base64
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.errors import Explained

# Closed to other users; `pg` and `run` can be passed through, since PostgreSQL may run as another user than root.
_FOLDERS: Final = {"pg": 0o711, "secrets": 0o700, "run": 0o711, "snapshots": 0o700, "numba": 0o700, "logs": 0o700}
_SECRET_BYTES: Final = 32


class HomeInUse(Explained):
    """Another instance holds the lock; `pid` is None where it did not say its number."""

    def __init__(self, path: Path, pid: int | None) -> None:
        super().__init__(f"{path} is in use by process {pid or 'unknown'}; stop it first or choose another RONGAN_HOME")
        self.path = path
        self.pid = pid


class SecretMissing(Explained):
    """A secret was asked for before it was generated, or by a process that may not read it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"no readable secret at {path}; `rongan run` or `rongan migrate` generates it")
        self.path = path


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below `RONGAN_HOME`; nothing exists before `create`."""

    path: Path

    @property
    def pg(self) -> Path:
        return self.path / "pg"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    @property
    def numba(self) -> Path:
        return self.path / "numba"

    def create(self) -> None:
        """Make what is missing; folders that exist keep their permissions. Raises OSError where it is not writable."""
        _make(self.path, 0o711)
        for name, mode in _FOLDERS.items():
            _make(self.path / name, mode)

    def secret(self, name: str) -> str:
        """Read a generated secret. Raises SecretMissing."""
        path = self.path / "secrets" / name
        try:
            return path.read_text(encoding="ascii")
        except (FileNotFoundError, PermissionError, NotADirectoryError):
            raise SecretMissing(path) from None

    def ensure_secret(self, name: str) -> str:
        """Read a secret, generating it first (32 random bytes in base64url, mode 0600) where it does not exist.

        Two processes that generate at once agree on one value.
        """
        path = self.path / "secrets" / name
        if not path.exists():
            _make(path.parent, 0o700)
            draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(_SECRET_BYTES), encoding="ascii")
            try:
                path.hardlink_to(draft)  # unlike a rename, never replaces the value of a faster process
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return self.secret(name)

    def key(self, name: str) -> bytes:
        """The 32 random bytes behind a generated secret, as a key for HMAC. Raises SecretMissing."""
        return base64.urlsafe_b64decode(self.secret(name) + "=")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home against a second instance while the block runs. Raises HomeInUse."""
        path = self.run / "lock"
        with path.open("a+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                held_by = file.read().strip()
                raise HomeInUse(self.path, int(held_by) if held_by.isdigit() else None) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield
            file.truncate(0)


def _make(path: Path, mode: int) -> None:
    if path.is_dir():
        return
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)  # mkdir's own mode is narrowed by the umask
