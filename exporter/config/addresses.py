"""Addresses: where we listen, where the platform is."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from exporter.config.values import Spelling, SpellingError, text

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})"
_LISTEN: Final = re.compile(rf"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>{_HOST})):(?P<port>[0-9]{{1,5}})")
_URL: Final = re.compile(
    rf"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>\[[0-9A-Fa-f:.]+\]|{_HOST})(?P<port>:[0-9]{{1,5}})?"
    r"(?P<path>(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?)"
)
_QUERY: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
_BASE: Final = re.compile(r"[^/?#]*//[^/?#]*")
_AFTER_HOST: Final = re.compile(r"(?:[/?#][A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?")
_CLIENT_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")
_STATUS_PATH: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?{}-]*")
_PLACEHOLDER: Final = "{organization_id}"
_MAX_PORT: Final = 65_535
_MAX_URL: Final = 2_048


def is_loopback(host: str) -> bool:
    """Whether only this machine can be behind `host`: ``localhost``, 127.0.0.0/8 or ::1. Asks no name server."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")  # RFC 6761, 6.3


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on.

    Attributes:
        host: a name or an address, IPv6 without brackets.
        port: 0 takes any free one.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, written: str) -> Listen:
        """The address written as ``HOST:PORT``, IPv6 in brackets: ``[::1]:9869``.

        Raises:
            SpellingError: it is written otherwise.
        """
        match = _LISTEN.fullmatch(written)
        if match is None or int(match["port"]) > _MAX_PORT or not _is_host(match["v6"] or "", match["host"] or ""):
            raise SpellingError("must be HOST:PORT such as 127.0.0.1:9869, 0.0.0.0:9869 or [::1]:9869")
        return cls(match["v6"] or match["host"], int(match["port"]))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def host_of(url: str) -> str:
    """The host of a URL that `URL` let pass, IPv6 without brackets."""
    return urlsplit(url).hostname or ""


def page_key(url: str) -> str:
    """What a status page is called in labels: its URL without the scheme, such as ``status.xero.com``.

    That is the name of the host for a page that has one for itself, and tells two pages of one host apart.
    """
    return url.partition("://")[2].lower()


def _is_host(v6: str, host: str) -> bool:
    """Whether an address is one: what is written in brackets, or in digits and dots only, can be mistyped."""
    try:
        if v6:
            ipaddress.IPv6Address(v6)
        elif re.fullmatch(r"[0-9.]+", host):
            ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _url(value: object) -> str:
    written = text(value)
    _refuse_user(written)
    if "?" in written or "#" in written:
        raise SpellingError("must not hold a query or a fragment (? or #)")
    return _checked(written).rstrip("/")


def _whole_url(value: object) -> str:
    written = text(value)
    _refuse_user(written)
    if "#" in written:
        raise SpellingError("must not hold a fragment (#)")
    base, mark, query = written.partition("?")
    if not _QUERY.fullmatch(query) or len(written) > _MAX_URL:
        raise SpellingError("must have a query of ASCII as it stands in a URL, other characters percent-encoded")
    # A slash at the end of its path is part of it: some servers answer a redirect without it, which is not followed.
    return f"{_checked(base)}{mark}{query}"


def _safe_url(value: object) -> str:
    url = _url(value)
    if url.startswith("http:") and not is_loopback(host_of(url)):
        raise SpellingError("must begin with https://, because a secret is sent there")
    return url


def _link(value: object) -> str:
    written = text(value)
    _refuse_user(written)
    bare = written.replace(_PLACEHOLDER, "")
    if "{" in bare or "}" in bare:
        raise SpellingError(f"must hold no other braces than those of {_PLACEHOLDER}")
    # An id may stand anywhere but in the scheme, the host and the port.
    base, rest = written, ""
    if (match := _BASE.match(written)) is not None:
        base, rest = match[0], written[match.end() :]
    if not _AFTER_HOST.fullmatch(rest.replace(_PLACEHOLDER, "")) or len(written) > _MAX_URL:
        raise SpellingError("must be of ASCII as it stands in a URL, other characters percent-encoded")
    return _checked(base) + rest


def _client_id(value: object) -> str:
    written = text(value)
    if not _CLIENT_ID.fullmatch(written):
        raise SpellingError("must be 1 to 256 visible ASCII characters without spaces")
    return written


def _refuse_user(written: str) -> None:
    if "@" in re.split("[/?#]", written.partition("//")[2])[0]:
        raise SpellingError("must not hold a user or a password; the token belongs in token_file")


def _checked(written: str) -> str:
    """A URL without user, query and fragment, its scheme in small letters."""
    match = _URL.fullmatch(written)
    if match is None or len(written) > _MAX_URL or int((match["port"] or ":0")[1:]) > _MAX_PORT:
        raise SpellingError("must be a URL such as https://app.memberpulse.example, with http or https and a host")
    v6, host = (match["host"][1:-1], "") if match["host"].startswith("[") else ("", match["host"])
    if not _is_host(v6, host):
        raise SpellingError("must have a valid host")
    return f"{match['scheme'].lower()}://{match['host']}{match['port'] or ''}{match['path']}"


def _status_path(value: object) -> str:
    written = text(value)
    if not written.startswith("/"):
        raise SpellingError("must begin with /")
    rest = written.replace(_PLACEHOLDER, "", 1)
    if rest == written or "{" in rest or "}" in rest:
        raise SpellingError(f"must hold {_PLACEHOLDER} exactly once and no other braces")
    if not _STATUS_PATH.fullmatch(written) or len(written) > _MAX_URL:
        raise SpellingError("must be a path of ASCII as it stands in a URL, other characters percent-encoded")
    return written


def _listen(value: object) -> Listen:
    return value if isinstance(value, Listen) else Listen.parse(text(value))


URL: Final = Spelling("URL", _url)
SAFE_URL: Final = Spelling("URL with https, or of this machine", _safe_url)
LINK: Final = Spelling(f"URL, may hold {_PLACEHOLDER}", _link)
CLIENT_ID: Final = Spelling("text of visible ASCII", _client_id)
WHOLE_URL: Final = Spelling("URL", _whole_url)
STATUS_PATH: Final = Spelling(f"path with {_PLACEHOLDER}", _status_path)
LISTEN: Final = Spelling("HOST:PORT", _listen)
