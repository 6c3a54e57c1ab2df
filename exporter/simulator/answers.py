"""A request, and what can come back for it: an answer, or a misbehaviour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

HUGE_HEADER_BYTES: Final = 20_000
"""More than the 8 KiB that HTTP clients commonly accept in one header line."""

LARGE_BODY_BYTES: Final = 10_000_000
"""Ten thousand times a status, and more than any client of a status should hold."""


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request.

    Attributes:
        method: such as ``GET``.
        target: path and query, as sent.
        headers: by lower-case name.
        body: empty when there is none.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    Attributes:
        status: the HTTP status.
        headers: sent as given. Date, Content-Type and Content-Length are added where they are missing.
        body: the bytes of the body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Misbehaviour(Enum):
    """Something that a service should not do with a request."""

    HANG = auto()
    """Accepts the request and never answers."""
    DRIP = auto()
    """Answers 200 at once, then a byte of the body every 100 ms for ever."""
    RESET = auto()
    """Resets the connection unasked: as soon as it is made when it is meant for everybody; for one organisation the
    request must be read to know whom it is about."""
    RESET_AFTER_REQUEST = auto()
    """Reads the whole request, then resets the connection."""
    CLOSE = auto()
    """Reads the whole request, then closes the connection in good order without an answer."""
    GARBAGE = auto()
    """Answers with something that is not HTTP."""
    HUGE_HEADER = auto()
    """A good answer with a header line of `HUGE_HEADER_BYTES`."""
    BAD_CHUNK = auto()
    """A chunked body with a chunk size that is no number."""
    TRUNCATED = auto()
    """A body that ends before its Content-Length."""
    TEN_MEGABYTES = auto()
    """A good answer with a JSON body of `LARGE_BODY_BYTES`."""
    REDIRECT = auto()
    """302 to a login page, as a platform does for a browser."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A good answer that comes late: what would be answered then, after `seconds` of real time."""

    seconds: float


Override = Mapping[str, object] | bytes | Answer | Misbehaviour | Slow
"""What a test may put in place of an organisation's own answer.

A mapping (sent as JSON) or bytes (sent as they are) stand for the body of its status; the others are for whatever is
asked about that organisation.
"""


def json_answer(status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that carries `document` as JSON."""
    return Answer(status, headers or {}, json.dumps(document).encode())


def refusal(status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that says no: a word for programs and a sentence for people, as JSON."""
    return json_answer(status, {"error": error, "message": message}, headers)
