"""Exception or answer -> failure class, and whether the request was sent."""

import asyncio
import socket
import ssl

import aiohttp
import httpx
import pytest
from aiohttp import http_exceptions
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.failures import RAISED, classify_answer, classify_exception, retry_after

CANARY = "canary-7f3a"
KEY = ConnectionKey(CANARY, 443, True, True, None, None, None)
REQUEST = RequestInfo(URL(f"https://{CANARY}/"), "GET", CIMultiDictProxy(CIMultiDict()), URL(f"https://{CANARY}/"))
NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


def wrapped(cause: BaseException, deeper: BaseException | None = None) -> Exception:
    """`cause` as httpx-aiohttp raises it: in an httpx exception that says something else."""
    cause.__cause__ = deeper
    error = httpx.ConnectTimeout(CANARY)
    error.__cause__ = cause
    return error


CASES: list[tuple[BaseException, Failure, Sent]] = [
    (wrapped(aiohttp.ConnectionTimeoutError(CANARY), TimeoutError()), Failure.TIMEOUT, Sent.NO),
    (wrapped(aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, CANARY))), Failure.NETWORK, Sent.NO),
    (wrapped(aiohttp.ClientConnectorError(KEY, TimeoutError(110, CANARY))), Failure.NETWORK, Sent.NO),
    (wrapped(aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, CANARY))), Failure.NETWORK, Sent.NO),
    (wrapped(aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, CANARY))), Failure.NETWORK, Sent.NO),
    (
        wrapped(aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError(1, CANARY))),
        Failure.NETWORK,
        Sent.NO,
    ),
    (TimeoutError(), Failure.TIMEOUT, Sent.MAYBE),
    (wrapped(aiohttp.SocketTimeoutError(CANARY)), Failure.TIMEOUT, Sent.MAYBE),
    (wrapped(aiohttp.ServerTimeoutError(CANARY)), Failure.TIMEOUT, Sent.MAYBE),
    (wrapped(aiohttp.ServerDisconnectedError(CANARY)), Failure.NETWORK, Sent.MAYBE),
    (
        wrapped(aiohttp.ClientOSError(104, CANARY), ConnectionResetError(104, CANARY)),
        Failure.NETWORK,
        Sent.MAYBE,
    ),
    (wrapped(aiohttp.ClientConnectionResetError(CANARY)), Failure.NETWORK, Sent.MAYBE),
    (BrokenPipeError(32, CANARY), Failure.NETWORK, Sent.MAYBE),
    (ConnectionResetError(104, CANARY), Failure.NETWORK, Sent.MAYBE),
    (
        wrapped(aiohttp.ClientPayloadError(CANARY), http_exceptions.ContentLengthError(CANARY)),
        Failure.NETWORK,
        Sent.YES,
    ),
    (
        wrapped(aiohttp.ClientPayloadError(CANARY), http_exceptions.TransferEncodingError(CANARY)),
        Failure.NETWORK,
        Sent.YES,
    ),
    (wrapped(aiohttp.ClientPayloadError(CANARY)), Failure.INVALID_RESPONSE, Sent.YES),
    (aiohttp.ClientResponseError(REQUEST, (), message=CANARY), Failure.INVALID_RESPONSE, Sent.MAYBE),
    (http_exceptions.BadStatusLine(CANARY), Failure.INVALID_RESPONSE, Sent.MAYBE),
    (http_exceptions.BadHttpMessage(CANARY), Failure.INVALID_RESPONSE, Sent.MAYBE),
    (UnicodeError(CANARY), Failure.NETWORK, Sent.MAYBE),
    (wrapped(aiohttp.InvalidUrlClientError(CANARY)), Failure.INVALID_RESPONSE, Sent.MAYBE),
    (ValueError(CANARY), Failure.INVALID_RESPONSE, Sent.MAYBE),
    (httpx.HTTPError(CANARY), Failure.NETWORK, Sent.MAYBE),
    (aiohttp.ClientError(CANARY), Failure.NETWORK, Sent.MAYBE),
    (httpx.ConnectTimeout(CANARY), Failure.NETWORK, Sent.MAYBE),
]
NAMES = [f"{type(error.__cause__ or error).__name__}-{number}" for number, (error, _, _) in enumerate(CASES)]


@pytest.mark.parametrize(("error", "failure", "sent"), CASES, ids=NAMES)
def test_an_exception_is_judged_by_its_cause(error: BaseException, failure: Failure, sent: Sent) -> None:
    """The class comes from aiohttp's own exception, whatever httpx made of it; the detail is in our own words."""
    judged = classify_exception(error)
    assert (judged.failure, judged.sent, judged.http_status, judged.retry_after) == (failure, sent, None, None)
    assert judged.detail
    assert CANARY not in repr(judged)


@pytest.mark.parametrize("error", [error for error, _, _ in CASES], ids=NAMES)
def test_every_exception_judged_here_is_caught_there(error: BaseException) -> None:
    """RAISED leaves none of these to crash a reading."""
    assert isinstance(error, RAISED)


def test_a_cancellation_is_never_taken_for_a_failure() -> None:
    """Being told to stop, or to end the process, goes through."""
    signals = (asyncio.CancelledError, KeyboardInterrupt, SystemExit)
    assert not any(issubclass(signal, RAISED) for signal in signals)


def test_200_is_the_only_success() -> None:
    """Of all statuses, one is no failure."""
    assert [status for status in range(100, 1000) if classify_answer(status, {}, NOW) is None] == [200]


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (101, Failure.UNEXPECTED_STATUS),
        (201, Failure.UNEXPECTED_STATUS),
        (204, Failure.UNEXPECTED_STATUS),
        (206, Failure.UNEXPECTED_STATUS),
        (301, Failure.UNEXPECTED_STATUS),
        (302, Failure.UNEXPECTED_STATUS),
        (304, Failure.UNEXPECTED_STATUS),
        (308, Failure.UNEXPECTED_STATUS),
        (400, Failure.UNEXPECTED_STATUS),
        (401, Failure.AUTH),
        (402, Failure.UNEXPECTED_STATUS),
        (403, Failure.AUTH),
        (404, Failure.NOT_FOUND),
        (405, Failure.UNEXPECTED_STATUS),
        (407, Failure.UNEXPECTED_STATUS),
        (408, Failure.UNEXPECTED_STATUS),
        (410, Failure.NOT_FOUND),
        (418, Failure.UNEXPECTED_STATUS),
        (429, Failure.RATE_LIMITED),
        (500, Failure.SERVER_ERROR),
        (502, Failure.SERVER_ERROR),
        (503, Failure.SERVER_ERROR),
        (504, Failure.SERVER_ERROR),
        (599, Failure.SERVER_ERROR),
        (600, Failure.UNEXPECTED_STATUS),
        (999, Failure.UNEXPECTED_STATUS),
    ],
)
def test_an_answer_is_judged_by_its_status(status: int, failure: Failure) -> None:
    """An answer means that the request was received, and its status decides the class."""
    assert classify_answer(status, {}, NOW) == UpstreamFailure(
        failure, Sent.YES, http_status=status, detail=f"HTTP status {status}"
    )


@pytest.mark.parametrize("status", [429, 503])
def test_a_wish_to_wait_is_heard(status: int) -> None:
    """Retry-After counts with 429 and 503, under any spelling of its name."""
    judged = classify_answer(status, httpx.Headers({"Retry-After": "120"}), NOW)
    assert judged is not None
    assert judged.retry_after == 120.0


@pytest.mark.parametrize("status", [302, 401, 404, 418, 500, 502, 504])
def test_a_wish_to_wait_is_heard_from_nobody_else(status: int) -> None:
    """With other statuses it means something else, or nothing."""
    judged = classify_answer(status, httpx.Headers({"Retry-After": "120"}), NOW)
    assert judged is not None
    assert judged.retry_after is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("007", 7.0),
        ("1.5", 1.5),
        ("86400000", 86_400_000.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
    ],
)
def test_a_delay_and_a_date_are_both_read(value: str, seconds: float) -> None:
    """Both forms of RFC 9110, 10.2.3, uncapped."""
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "soon",
        "-1",
        "+1",
        "1e3",
        "1_000",
        "1.",
        "٣",
        "nan",
        "inf",
        "Infinity",
        "9" * 400,
        "120, 240",
        "Sun, 06 Nov 1994 08:49:36 GMT",
        "Sun, 06 Nov 1994",
        "1994-11-06T08:50:37Z",
    ],
)
def test_a_wish_to_wait_that_cannot_be_read_is_none(value: str | None) -> None:
    """Negative, past, infinite and garbage are as good as no header."""
    assert retry_after(value, NOW) is None
