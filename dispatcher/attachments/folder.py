"""The folder of the files: a draft is written, made durable and renamed to the hash of its content; nothing is changed.

Blocking calls, for a thread. A database that is restored needs this folder of the same moment or later.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_FOLDER_MODE: Final = 0o700
DRAFT_AGE_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Folder:
    """Files by content below one path; thumbnails beside them."""

    path: Path

    @property
    def drafts(self) -> Path:
        return self.path / "drafts"

    def create(self) -> None:
        """Make what is missing. Raises OSError where it cannot be written."""
        self.drafts.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    def free_bytes(self) -> int:
        """What the disk has left for whoever is no superuser."""
        return shutil.disk_usage(self.path).free

    def file(self, sha256: bytes) -> Path:
        name = sha256.hex()
        return self.path / name[:2] / name[2:4] / name

    def thumbnail(self, sha256: bytes) -> Path:
        return self.file(sha256).with_suffix(".thumbnail")

    def open_draft(self) -> tuple[Path, BinaryIO]:
        """A new file that nobody else writes; it goes where it is not renamed."""
        descriptor, name = tempfile.mkstemp(dir=self.drafts)  # readable by its owner alone
        return Path(name), os.fdopen(descriptor, "w+b")

    def write_draft(self, content: bytes) -> Path:
        """A draft of this content, on the disk when this returns."""
        path, file = self.open_draft()
        try:
            with file:
                file.write(content)
                _flush(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def keep(self, draft: Path, target: Path) -> None:
        """Give a durable draft its name, in place of an equal one; it is there after a loss of power."""
        target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        draft.rename(target)
        for folder in (target.parent, target.parent.parent, self.path):
            _flush_folder(folder)

    def remove(self, sha256: bytes) -> None:
        """Remove a file and its thumbnail, whichever of them is there."""
        self.file(sha256).unlink(missing_ok=True)
        self.thumbnail(sha256).unlink(missing_ok=True)

    def clear_drafts(self) -> int:
        """Remove drafts that a crash left a day ago or earlier; returns how many."""
        return self._remove_old(self.drafts.iterdir())

    def remove_old(self, names: Iterable[str]) -> int:
        """Remove files of these hashes that are a day old or older, with their thumbnails; returns how many files."""
        files = [self.file(bytes.fromhex(name)) for name in names]
        self._remove_old(each.with_suffix(".thumbnail") for each in files)
        return self._remove_old(files)

    def _remove_old(self, paths: Iterable[Path]) -> int:
        """By the clock of the disk: a new file says what time it is there."""
        fresh, file = self.open_draft()
        file.close()
        oldest = fresh.stat().st_mtime - DRAFT_AGE_S
        fresh.unlink()
        old = [each for each in paths if each.exists() and each.stat().st_mtime < oldest]
        for each in old:
            each.unlink(missing_ok=True)
        return len(old)

    def names(self) -> frozenset[str]:
        """The hashes of all files that are there, in hex, without thumbnails."""
        return frozenset(each.name for each in self.path.glob("??/??/*") if not each.suffix)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
