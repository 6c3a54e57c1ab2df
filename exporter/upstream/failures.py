"""Exception or answer -> failure class, and whether the request was sent. Decided on types, never on message texts.

Our own transport says by a type of `broken` what happened. httpx-aiohttp wraps whatever aiohttp raises, and wraps it
wrongly: a reset after the request becomes `httpx.ConnectTimeout`. So aiohttp's own exception, found along `__cause__`,
decides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

import aiohttp
import httpx
from aiohttp import http_exceptions

from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream import broken
from exporter.upstream.dates import http_date

RAISED: Final[tuple[type[Exception], ...]] = (
    broken.Broken,
    httpx.HTTPError,
    aiohttp.ClientError,
    http_exceptions.HttpProcessingError,
    OSError,  # TimeoutError is one
    ValueError,  # UnicodeError is one
)
"""What a request may raise: the transport catches these in one place. Anything else is a fault of ours."""

_OK: Final = 200
_TOO_MANY_REQUESTS: Final = 429
_SERVICE_UNAVAILABLE: Final = 503
_SERVER_ERRORS: Final = range(500, 600)
_CLASSES: Final = {
    401: Failure.AUTH,
    403: Failure.AUTH,
    404: Failure.NOT_FOUND,
    410: Failure.NOT_FOUND,
    _TOO_MANY_REQUESTS: Failure.RATE_LIMITED,
}
_DELAY: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")  # RFC 9110 has whole seconds only; some servers send "1.5"

# The first that fits decides, so a subclass stands before its base. Only `NotConnected`, and what aiohttp has in its
# place, mean that no connection was ever made. A broken head is `maybe`: whoever does not speak HTTP may say something
# before it reads (SSH does), so that something came back does not show that the request was received. A broken body is
# `yes`: its head was an answer.
_RULES: Final[tuple[tuple[type[BaseException], Failure, Sent, str], ...]] = (
    (broken.ConnectingTookLong, Failure.TIMEOUT, Sent.NO, "connecting took too long"),
    (broken.NameNotFound, Failure.NETWORK, Sent.NO, "the name of the host was not found"),
    (broken.NotTrusted, Failure.NETWORK, Sent.NO, "the TLS certificate is not trusted"),
    (broken.HandshakeFailed, Failure.NETWORK, Sent.NO, "the TLS handshake failed"),
    (broken.NotConnected, Failure.NETWORK, Sent.NO, "no connection could be made"),
    (broken.ClosedBeforeAnswer, Failure.NETWORK, Sent.MAYBE, "the connection was closed before an answer"),
    (broken.ClosedInAnswer, Failure.NETWORK, Sent.YES, "the connection was closed in the middle of the answer"),
    (broken.InvalidBody, Failure.INVALID_RESPONSE, Sent.YES, "the body of the answer is not valid HTTP"),
    (broken.InvalidHead, Failure.INVALID_RESPONSE, Sent.MAYBE, "what came back is not valid HTTP"),
    (aiohttp.ConnectionTimeoutError, Failure.TIMEOUT, Sent.NO, "connecting took too long"),
    (aiohttp.ClientConnectorDNSError, Failure.NETWORK, Sent.NO, "the name of the host was not found"),
    (aiohttp.ClientConnectorCertificateError, Failure.NETWORK, Sent.NO, "the TLS certificate is not trusted"),
    (aiohttp.ClientSSLError, Failure.NETWORK, Sent.NO, "the TLS handshake failed"),
    (aiohttp.ClientConnectorError, Failure.NETWORK, Sent.NO, "no connection could be made"),
    (TimeoutError, Failure.TIMEOUT, Sent.MAYBE, "no whole answer within the deadline"),
    (aiohttp.ServerDisconnectedError, Failure.NETWORK, Sent.MAYBE, "the connection was closed before an answer"),
    (aiohttp.ClientPayloadError, Failure.INVALID_RESPONSE, Sent.YES, "the body of the answer is not valid HTTP"),
    (aiohttp.ClientResponseError, Failure.INVALID_RESPONSE, Sent.MAYBE, "what came back is not valid HTTP"),
    (http_exceptions.HttpProcessingError, Failure.INVALID_RESPONSE, Sent.MAYBE, "what came back is not valid HTTP"),
    (OSError, Failure.NETWORK, Sent.MAYBE, "the connection was reset before an answer"),
    (UnicodeError, Failure.NETWORK, Sent.MAYBE, "the name of the host cannot be looked up"),
    (ValueError, Failure.INVALID_RESPONSE, Sent.MAYBE, "the request or its answer is not valid HTTP"),
)
_CLOSED_IN_BODY: Final = UpstreamFailure(
    Failure.NETWORK, Sent.YES, detail="the connection was closed in the middle of the answer"
)
_UNKNOWN: Final = UpstreamFailure(Failure.NETWORK, Sent.MAYBE, detail="the request failed in a way not known here")


def classify_exception(error: BaseException) -> UpstreamFailure:
    """What an exception of `RAISED` means.

    Only a connection that was never made means that nothing was sent; everything else may have been received.
    """
    cause = next((one for one in _chain(error) if isinstance(one, aiohttp.ClientError)), error)
    if isinstance(cause, aiohttp.ClientPayloadError) and _was_closed(cause):
        return _CLOSED_IN_BODY
    for kind, failure, sent, detail in _RULES:
        if isinstance(cause, kind):
            return UpstreamFailure(failure, sent, detail=detail)
    return _UNKNOWN


def classify_answer(status: int, headers: Mapping[str, str], now_wall: float) -> UpstreamFailure | None:
    """What the head of an answer means; None when it is 200, the only success.

    Args:
        status: the HTTP status. Redirects are not followed: they are unexpected, as is any other 2xx.
        headers: of the answer; looked up in lower case.
        now_wall: seconds since 1970 UTC, for a Retry-After that is a date.
    """
    if status == _OK:
        return None
    default = Failure.SERVER_ERROR if status in _SERVER_ERRORS else Failure.UNEXPECTED_STATUS
    asks_to_wait = status in (_TOO_MANY_REQUESTS, _SERVICE_UNAVAILABLE)
    return UpstreamFailure(
        failure=_CLASSES.get(status, default),
        sent=Sent.YES,
        http_status=status,
        retry_after=retry_after(headers.get("retry-after"), now_wall) if asks_to_wait else None,
        detail=f"HTTP status {status}",
    )


def retry_after(value: str | None, now_wall: float) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3): a delay or an HTTP date.

    None when there is none, when it cannot be read, or when the date has passed. Not capped: that is the cadence's.
    """
    if value is None:
        return None
    if _DELAY.fullmatch(value):
        delay = float(value)
        return delay if math.isfinite(delay) else None
    until = http_date(value)
    return None if until is None or until < now_wall else until - now_wall


def _was_closed(error: aiohttp.ClientPayloadError) -> bool:
    """Whether the body broke off, and was right so far.

    aiohttp's parser (the compiled one) raises these two only at the end of the stream; a reset looks the same.
    """
    broken_off = (http_exceptions.ContentLengthError, http_exceptions.TransferEncodingError)
    return any(isinstance(one, broken_off) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__
