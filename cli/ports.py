"""Whether a port is free, and which one to take instead."""

import socket

from runtime.errors import Explained


class PortTaken(Explained):
    """Somebody listens where one of our processes should."""

    def __init__(self, setting: str, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is taken; stop what listens there or set {setting} to another port")
        self.setting = setting
        self.host = host
        self.port = port


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(host: str, preferred: int) -> int:
    """The preferred port, or one that the kernel picks where that is taken or 0."""
    if preferred != 0 and is_free(host, preferred):
        return preferred
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
