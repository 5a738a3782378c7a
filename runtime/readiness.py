"""How a child tells its supervisor that it serves: one line through the file descriptor named by `RONGAN_READY_FD`."""

import os
from typing import Final

VARIABLE: Final = "RONGAN_READY_FD"
LINE: Final = b"READY=1\n"


def announce() -> None:
    """Say that this process is ready; does nothing where nobody supervises it, or when it has been said before."""
    descriptor = os.environ.pop(VARIABLE, None)
    if descriptor is None:
        return
    try:
        os.write(int(descriptor), LINE)
    except BrokenPipeError:
        pass  # the supervisor stopped waiting; it will say why
    finally:
        os.close(int(descriptor))
