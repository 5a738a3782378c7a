"""A self-signed certificate for this machine, made by openssl where it is installed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.harness.programs import require_program


@dataclass(frozen=True, slots=True)
class Certificate:
    certificate: Path
    key: Path


def self_signed(folder: Path) -> Certificate:
    """A new certificate for `localhost` and 127.0.0.1; the test skips on a machine without openssl."""
    made = Certificate(folder / "server.pem", folder / "server.key")
    subprocess.run(
        [
            *(require_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", made.key, "-out", made.certificate, "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return made
