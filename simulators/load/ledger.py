"""The ledger: one line for every message that was acknowledged, appended and never rewritten."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self


class Entry(NamedTuple):
    """A message whose PUBACK came: the row must exist."""

    product: str
    device: str
    sid: int
    seq: int


class Ledger:
    """Writes entries; a path of None keeps none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = self._path.open("a", encoding="ascii", buffering=1 << 20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, entry: Entry) -> None:
        """Note an acknowledged message."""
        if self._file is not None:
            self._file.write("\t".join(map(str, entry)) + "\n")

    def flush(self) -> None:
        """Make what was written visible to readers."""
        if self._file is not None:
            self._file.flush()


def read_ledger(path: Path) -> Iterator[Entry]:
    """Every entry of a ledger file."""
    with path.open(encoding="ascii") as file:
        for line in file:
            product, device, sid, seq = line.rstrip("\n").split("\t")
            yield Entry(product, device, int(sid), int(seq))
