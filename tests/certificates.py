"""Certificates made while a test runs."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """An authority of its own, whose certificate lies in a file."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._ca = trustme.CA()
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(self.file)

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client that trusts nobody else connects with."""
        return ssl.create_default_context(cafile=self.file)

    def issue(self, cert_file: Path, key_file: Path, *names: str, days: float = 30, since: float = -1) -> None:
        """Writes a certificate, valid until so many days from now, and its key; both are replaced atomically."""
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        issued = self._ca.issue_cert(
            *(names or ("127.0.0.1", "localhost")),
            not_before=now + timedelta(days=since),
            not_after=now + timedelta(days=days),
        )
        replace(cert_file, b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        replace(key_file, issued.private_key_pem.bytes())


def replace(file: Path, content: bytes) -> None:
    """Replaces a file the way careful writers do."""
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(content)
    new.replace(file)
