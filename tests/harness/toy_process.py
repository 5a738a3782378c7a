"""A child to be supervised: says that it is ready, then waits for SIGTERM; `sys.argv[1]` says how it misbehaves."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from runtime import readiness


def main(manner: str) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    print(f"{manner} speaks", flush=True)
    if manner == "dies_at_once":
        sys.exit(3)
    if manner == "has_a_child":
        subprocess.Popen(["sleep", "600"])
    if manner != "never_ready":
        readiness.announce()
    signal.sigwait({signal.SIGTERM})
    if manner == "ignores_term":
        signal.pause()
    # In the order of stopping, one line a process.
    with Path(os.environ["TOY_JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(f"{manner}\n")


if __name__ == "__main__":
    main(sys.argv[1])
