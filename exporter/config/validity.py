"""From when until when a certificate is valid, read from its bytes.

Python's ssl module tells that only of a certificate that another side presents and that it verified. Two dates are no
reason for a library of cryptography: in DER (X.690) everything is a tag, a length and a content, and the dates have a
fixed place (RFC 5280, 4.1).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_LONG_LENGTH: Final = 0x80
_CENTURY_ENDS: Final = 50
"""UTCTime has years of two digits: 50 is 1950, 49 is 2049 (RFC 5280, 4.1.2.5.1)."""

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Validity:
    """When a certificate is valid, seconds since 1970 UTC, both ends included."""

    not_before: float
    not_after: float


def validity_of(pem: str) -> Validity:
    """The validity of the first certificate in a PEM text: in a chain, the one that is presented.

    Raises:
        ValueError: there is none, or it is not built as a certificate is.
    """
    begin = pem.find(_BEGIN)
    end = pem.find(_END, begin)
    if begin < 0 or end < 0:
        raise ValueError("no certificate")
    return _validity(ssl.PEM_cert_to_DER_cert(pem[begin : end + len(_END)]))


def _validity(der: bytes) -> Validity:
    certificate = _Reader(_Reader(der).content(_SEQUENCE))
    fields = _Reader(certificate.content(_SEQUENCE))
    if fields.tag() == _VERSION:  # version 1 does not say so
        fields.any()
    for _ in ("serial number", "signature algorithm", "issuer"):
        fields.any()
    dates = _Reader(fields.content(_SEQUENCE))
    return Validity(_instant(*dates.any()), _instant(*dates.any()))


def _instant(tag: int, content: bytes) -> float:
    written = content.decode("ascii")
    if tag == _UTC_TIME:
        written = ("19" if int(written[:2]) >= _CENTURY_ENDS else "20") + written
    elif tag != _GENERALIZED_TIME:
        raise ValueError("not a date")
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


class _Reader:
    """Reads one element of DER after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def tag(self) -> int:
        """The tag of the next element, which stays the next."""
        return self._take(1, ahead=True)[0]

    def any(self) -> tuple[int, bytes]:
        """The next element: its tag and its content."""
        tag, length = self._take(2)
        if length & _LONG_LENGTH:
            length = int.from_bytes(self._take(length & ~_LONG_LENGTH), "big")
        return tag, self._take(length)

    def content(self, wanted: int) -> bytes:
        """The content of the next element, which must have that tag."""
        tag, content = self.any()
        if tag != wanted:
            raise ValueError("not built as expected")
        return content

    def _take(self, count: int, *, ahead: bool = False) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError("ends too early")
        self._at += 0 if ahead else count
        return taken
