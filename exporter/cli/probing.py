"""The command that asks a running exporter whether it works: `health`, for a container's health check.

It runs every 30 s beside the exporter, so it imports little: http.client takes 25 ms of CPU, asyncio or the schema of
the configuration would take 40 ms more each.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exporter.errors import AnswerIsBadError, UnreachableError, UsageError

if TYPE_CHECKING:
    from http.client import HTTPConnection

WITHIN: Final = 5.0
"""Seconds for everything: the name, connecting, the answer. Less than the 10 s that the image's HEALTHCHECK allows."""

_HEALTHY: Final = 200
_UNHEALTHY: Final = 503
_PORTS: Final = {"http": 80, "https": 443}


def health(
    url: Annotated[
        str, typer.Option(metavar="URL", help="Where the exporter listens; https on loopback takes any certificate.")
    ] = "http://127.0.0.1:9869",
) -> None:
    """Ask a running exporter whether it works; exit 0 if so, 1 if it is unhealthy, 3 if nobody answers."""
    target = target_of(url)
    status = _status_within(WITHIN, target)
    if status == _UNHEALTHY:
        raise AnswerIsBadError(f"{target.url} is unhealthy: its own loop does not advance; look at its log, restart it")
    if status != _HEALTHY:
        raise AnswerIsBadError(
            f"{target.url} answers {status}, not {_HEALTHY}: check that --url names xero-exporter and no other server"
        )
    sys.stdout.write(f"{target.url} is healthy\n")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask.

    Attributes:
        scheme: ``http`` or ``https``.
        host: a name or an address, IPv6 without brackets.
        port: the one of the scheme where the URL has none.
        prefix: of the path, where a proxy serves the exporter below one; without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def base(self) -> str:
        """The URL of the exporter, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"

    @property
    def url(self) -> str:
        """The URL that is asked."""
        return f"{self.base}/-/healthy"

    @property
    def path(self) -> str:
        """The path that is asked."""
        return f"{self.prefix}/-/healthy"


def target_of(url: str, option: str = "--url") -> Target:
    """The place that a URL names.

    Args:
        url: as somebody wrote it.
        option: of the command line, that it was written in.

    Raises:
        UsageError: it is no URL of http or https, or it holds a user, a query or a fragment.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # brackets that do not close, a port that is none
        host, port = None, None
    # What cannot stand in a request line is refused here, and is never shown on a terminal.
    plain = url.isascii() and url.isprintable() and not set(url) & set(" ?#@\\")
    if not host or not plain or parts.scheme not in _PORTS:
        raise UsageError(f"{option} must be a URL such as http://127.0.0.1:9869, without user, query and fragment")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], parts.path.rstrip("/"))


def _status_within(seconds: float, target: Target) -> int:
    """The status that is answered, however slowly names are found or bytes drip in.

    Raises:
        UnreachableError: there is none in that time; says why.
    """
    from http.client import HTTPException
    from queue import Empty, SimpleQueue
    from threading import Thread

    answers: SimpleQueue[int | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_status(target, seconds))
        except (OSError, HTTPException, UnicodeError) as error:
            answers.put(error)

    # A socket's own timeout begins anew with each byte, and a name that is looked up knows none. The thread that is
    # left behind ends with the process.
    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        answer = TimeoutError()
    if isinstance(answer, Exception):
        raise UnreachableError(f"{target.url} cannot be asked: {_why(answer, seconds)}")
    return answer


def _status(target: Target, timeout: float) -> int:
    connection = _connection(target, timeout)
    try:
        connection.request("GET", target.path, headers={"Connection": "close"})
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(target: Target, timeout: float) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    if target.scheme == "http":
        return HTTPConnection(target.host, target.port, timeout=timeout)
    from exporter.cli.trust import context_for

    return HTTPSConnection(target.host, target.port, timeout=timeout, context=context_for(target.host))


def _why(error: Exception, seconds: float) -> str:
    """What is wrong and what to do, without a word of what was answered."""
    import errno
    import socket
    import ssl
    from http.client import HTTPException

    reasons: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (TimeoutError, f"no answer within {seconds:g} s; look at its log, restart it"),
        (ConnectionRefusedError, "nobody listens there; start the exporter, or say with --url where web.listen is"),
        (
            ssl.SSLCertVerificationError,
            "its certificate is not trusted here; name its authority in SSL_CERT_FILE, or ask on loopback",
        ),
        (ssl.SSLError, "it does not speak TLS there; say http in --url"),
        ((socket.gaierror, UnicodeError), "this host name has no address; change the host in --url"),
        ((HTTPException, ConnectionError), "it does not speak HTTP there; if it speaks TLS, say https in --url"),
    )
    for kinds, why in reasons:
        if isinstance(error, kinds):
            return why
    number = error.errno if isinstance(error, OSError) else None
    word = errno.errorcode.get(number, number) if number is not None else type(error).__name__
    return f"the system says {word}; check --url and the network in between"
