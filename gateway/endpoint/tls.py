"""The TLS context of the endpoint: 1.2 or newer, and client certificates where a device authority is given."""

import ssl
from pathlib import Path


def server_context(certificate: Path, key: Path, *, device_authority: Path | None = None) -> ssl.SSLContext:
    """Load the endpoint's certificate chain; with `device_authority` every device must show a certificate of it.

    Raises OSError or ssl.SSLError naming the file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if device_authority is not None:
        context.load_verify_locations(device_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
