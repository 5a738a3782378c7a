"""Keeps what a child writes to its output, in a file of bounded size with one predecessor."""

import os
import threading
from pathlib import Path
from typing import BinaryIO, Final

MAX_BYTES: Final = 10 * 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024


class LogFile:
    """Copies a pipe into `path` until the pipe ends; past `max_bytes` the file becomes `path.1` and a new one begins.

    A thread of its own does it, since a child must never wait for a busy or stopped event loop to read its output.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._thread: threading.Thread | None = None

    def copy_from(self, pipe: BinaryIO) -> None:
        """Start copying; the pipe is closed at its end."""
        self._thread = threading.Thread(target=self._copy, args=(pipe,), name=f"log-{self._path.stem}", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float = 1.0) -> None:
        """Wait for the end of the pipe; grandchildren that hold it open are not waited for beyond `timeout_s`."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def tail(self, max_bytes: int = 2000) -> str:
        """The last words, for the error message of a child that failed."""
        try:
            with self._path.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - max_bytes))
                return file.read().decode("utf-8", errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _copy(self, pipe: BinaryIO) -> None:
        with pipe:
            file = self._path.open("ab", buffering=0)
            try:
                while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
                    if file.tell() + len(chunk) > self._max_bytes:
                        file.close()
                        self._path.replace(self._path.with_name(self._path.name + ".1"))
                        file = self._path.open("ab", buffering=0)
                    file.write(chunk)
            finally:
                file.close()
