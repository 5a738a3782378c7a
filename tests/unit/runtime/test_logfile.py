"""The log of a child stays below twice its bound and keeps the newest lines."""

import os
from pathlib import Path

from runtime.supervisor.logfile import LogFile


def test_log_file_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", max_bytes=100_000)
    reading, writing = os.pipe()
    log.copy_from(os.fdopen(reading, "rb"))
    with os.fdopen(writing, "wb") as pipe:
        for number in range(20_000):
            pipe.write(f"line {number}\n".encode())
            pipe.flush()
    log.join(30)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"x.log", "x.log.1"}
    assert max(sizes.values()) <= 100_000
    assert log.tail().endswith("line 19999")
