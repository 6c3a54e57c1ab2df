"""Certificates in files that somebody replaces while we run: our own, and those that we trust beyond the system's."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from exporter.config.files import FileProblemError, FileSignature, read_file, signature
from exporter.config.platform import Platform
from exporter.config.schema import Tls
from exporter.config.validity import Validity, validity_of
from exporter.errors import Fault

MAX_CERTIFICATES_SIZE: Final = 1024 * 1024
"""Bytes; the whole trust store of a Debian has 220 KiB."""

CERT_FILE: Final = "web.tls.cert_file"
KEY_FILE: Final = "web.tls.key_file"
CA_FILE: Final = "platform.ca_file"

_REASONS: Final = {
    "KEY_VALUES_MISMATCH": (KEY_FILE, "does not belong to the certificate in cert_file"),
    "KEY_TYPE_MISMATCH": (KEY_FILE, "does not belong to the certificate in cert_file"),
    "EE_KEY_TOO_SMALL": (CERT_FILE, "has a key that is too short for this system: RSA needs 2048 bits"),
    "CA_MD_TOO_WEAK": (CERT_FILE, "is signed in a way that is too weak for this system: use SHA-256"),
}
"""OpenSSL's word for what is wrong with a pair -> where, and what."""


class _Problem(Exception):  # noqa: N818 - it ends in this module, as a Fault
    """Where and what is wrong with a file, and whether it was read: what was read and is no good stays so."""

    def __init__(self, where: str, what: str, *, was_read: bool = True) -> None:
        super().__init__(what)
        self.fault = Fault(where, what)
        self.was_read = was_read


class ServerCertificate:
    """The certificate that we present and its key, kept up to date with their files by `look`.

    Attributes:
        context: what a new connection is served with; None while the files were never usable. A bad pair never
            replaces a good one.
        validity: of the certificate in `context`; None when there is none.
        problem: what is wrong with the files now; None when nothing is.
    """

    def __init__(self, cert_file: Path, key_file: Path) -> None:
        """Looks at the files right away: afterwards `context` or `problem` is set."""
        self.context: ssl.SSLContext | None = None
        self.validity: Validity | None = None
        self.problem: Fault | None = None
        self._cert_file = cert_file
        self._key_file = key_file
        self._seen: tuple[FileSignature | None, FileSignature | None] | None = None
        self.look()

    def look(self) -> bool:
        """Reads the files again if one changed, or could not be read; True when another pair is in force.

        Costs two stats when nothing changed, be the pair good or bad: parsing one takes 1 ms.
        Never raises: `problem` says what is wrong, and the last good pair stays.
        """
        # Taken before reading: a file that changes while it is read has another signature at the next look.
        found = (signature(self._cert_file), signature(self._key_file))
        if found == self._seen:
            return False
        self._seen = found
        try:
            # Always a new context: a pair that does not match would leave the old one with half of it.
            self.context, self.validity = _pair(self._cert_file, self._key_file)
        except _Problem as problem:
            self.problem = problem.fault
            if not problem.was_read:
                self._seen = None
            return False
        self.problem = None
        return True


class TrustedCertificates:
    """Whose signature under a server's certificate we accept: the system's trust store, and what `ca_file` adds.

    Attributes:
        context: what a new connection is made with; with the system's trust alone while the file was never usable. A
            bad edit never replaces a good trust.
        problem: what is wrong with the file now; None when nothing is.
    """

    def __init__(self, ca_file: Path | None) -> None:
        """Looks at the file right away."""
        # The machine's own trust store, as administrators expect; SSL_CERT_FILE in the environment moves it.
        self.context = ssl.create_default_context()
        self.problem: Fault | None = None
        self._ca_file = ca_file
        self._seen: FileSignature | None = None
        self.look()

    @property
    def is_from_a_file(self) -> bool:
        """Whether anybody is trusted beyond the system's trust store."""
        return self._ca_file is not None

    def look(self) -> bool:
        """Reads the file again if it changed, or could not be read; True when another trust is in force.

        Costs one stat when nothing changed, be the file good or bad: parsing a bundle as large as the system's takes
        44 ms. Never raises: `problem` says what is wrong.
        """
        if self._ca_file is None:
            return False
        found = signature(self._ca_file)
        if found is not None and found == self._seen:
            return False
        self._seen = found
        try:
            self.context = _trusting(self._ca_file)
        except _Problem as problem:
            self.problem = problem.fault
            if not problem.was_read:
                self._seen = None
            return False
        self.problem = None
        return True


def server_certificate_of(settings: Tls) -> ServerCertificate | None:
    """The certificate that ``web.tls`` names; None when it names none."""
    if settings.cert_file is None or settings.key_file is None:  # the schema lets both or none pass
        return None
    return ServerCertificate(settings.cert_file, settings.key_file)


def trust_of(settings: Platform) -> TrustedCertificates:
    """Whom we trust to be the platform."""
    return TrustedCertificates(settings.ca_file)


def _pair(cert_file: Path, key_file: Path) -> tuple[ssl.SSLContext, Validity]:
    certificates = _read(cert_file, CERT_FILE)
    if "PRIVATE KEY-----" not in _read(key_file, KEY_FILE):
        raise _Problem(KEY_FILE, "holds no private key in PEM form")
    try:
        validity = validity_of(certificates)
    except ValueError:
        raise _Problem(CERT_FILE, "holds no certificate in PEM form") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Whoever offers HTTP/2 as well is told in the handshake that it is HTTP/1.1.
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert_file, key_file, password=_no_passphrase)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        was_read = isinstance(error, ssl.SSLError | ValueError)
        unknown = (CERT_FILE, "cannot be used with the key in key_file: both must be PEM, the key without a passphrase")
        reason = getattr(error, "reason", None) or ""
        raise _Problem(*_REASONS.get(reason, unknown), was_read=was_read) from None
    return context, validity


def _no_passphrase() -> bytes:
    """Asked for by OpenSSL only when the key needs one; without this it would ask on the terminal, and wait."""
    raise _Problem(KEY_FILE, "is locked with a passphrase: take it away (openssl pkey), and guard the file by its mode")


def _trusting(ca_file: Path) -> ssl.SSLContext:
    certificates = _read(ca_file, CA_FILE)
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cadata=certificates)
    except (OSError, ValueError):
        raise _Problem(CA_FILE, "is no bundle of certificates in PEM form") from None
    return context


def _read(path: Path, where: str) -> str:
    """The file without what is not ASCII: comments between the certificates of a bundle may have names in them."""
    try:
        return read_file(path, MAX_CERTIFICATES_SIZE).decode("ascii", "ignore")
    except FileProblemError as problem:
        raise _Problem(where, str(problem), was_read=False) from None
