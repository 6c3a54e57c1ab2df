"""Errors for callers: RFC 9457 problem documents, every one of them.

A detail is a sentence of ours that says how to mend it. Nothing of the request is repeated in it, so neither a
secret nor somebody else's text can come back; the one exception is the name of a parameter that looks like a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

MEDIA_TYPE: Final = "application/problem+json"

MOST_NAMED: Final = 5
"""Faulty parameters that one detail names: enough to mend a request, too few to make the answer long."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
"""What a parameter's name must look like to be repeated in a detail."""

_TITLES: Final = {
    HTTPStatus.REQUEST_URI_TOO_LONG: "URI Too Long",  # RFC 9110; Python's phrase changes between 3.11 and 3.13
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",  # as above
}

_DETAILS: Final = {
    HTTPStatus.BAD_REQUEST: "The request is not understood: send it as HTTP/1.1, and without a body",
    HTTPStatus.NOT_FOUND: "There is nothing at this path: what there is stands on the page /",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path has another method: the paths stand in README.md and /api/openapi.json",
    HTTPStatus.INTERNAL_SERVER_ERROR: "This is a fault of the exporter itself: its log says where; please report it",
}
"""What to say where the framework, not we, found the fault."""


_RULES: Final = {
    "extra_forbidden": "is unknown here: the parameters stand in /api/openapi.json",
    "enum": "must be one of {expected}",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
}
"""Kind of fault, as pydantic calls it -> what the parameter must be, with the schema's own limits."""


class Problem(BaseModel):
    """An error as RFC 9457 writes it."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(default="about:blank", description="always about:blank: the status says which kind it is")
    title: str = Field(description="the status in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what is wrong and how to mend it, one sentence")


class ProblemError(Exception):
    """Ends a request with a problem document.

    Attributes:
        status: the HTTP status to answer.
        detail: what is wrong and how to mend it, without anything of the request.
        headers: further headers of the answer.
    """

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def problem(status: HTTPStatus, detail: str) -> Problem:
    """The document for `status`."""
    return Problem(title=_TITLES.get(status, status.phrase), status=status, detail=detail)


def problem_response(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that carries the document for `status`; callable as an ASGI application."""
    return Response(
        problem(status, detail).model_dump_json(), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


Refusing: TypeAlias = Callable[[Scope, HTTPStatus, str], Response]
"""Makes the answer for whoever is refused before anything is done: of which request, with which status, and why."""


def as_problem(_: Scope, status: HTTPStatus, why: str) -> Response:
    """The refusal for programs."""
    return problem_response(status, why)


def bad_parameters(sentences: list[str]) -> ProblemError:
    """A 400 for faulty query parameters, one sentence each, the first `MOST_NAMED` of them."""
    return ProblemError(HTTPStatus.BAD_REQUEST, "; ".join(dict.fromkeys(sentences[:MOST_NAMED])))


def parameter_name(name: object) -> str:
    """`name` in backticks when it looks like a name, else words that do not repeat it."""
    return f"`{name}`" if isinstance(name, str) and _NAME.fullmatch(name) else "A parameter"


async def _problem_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error.status, error.detail, error.headers)


async def _http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    try:
        status = HTTPStatus(error.status_code)
    except ValueError:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {"Allow": _allowed(error)} if status is HTTPStatus.METHOD_NOT_ALLOWED else None
    return problem_response(status, _DETAILS.get(status, "The request cannot be answered as it was sent"), headers)


def _allowed(error: HTTPException) -> str:
    """The methods of the path: the router lists them in the order of a set, and of its API without HEAD."""
    methods = {one.strip() for one in (error.headers or {}).get("Allow", "GET").split(",")}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def _any_error(_: Request, __: Exception) -> Response:
    return internal_error()


def internal_error() -> Response:
    """A 500 that tells the caller nothing of the inside."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return problem_response(status, _DETAILS[status])


def not_http() -> Problem:
    """A 400 for bytes that are not an HTTP request."""
    return problem(HTTPStatus.BAD_REQUEST, _DETAILS[HTTPStatus.BAD_REQUEST])


async def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_parameter_fault(fault["loc"], fault["type"], fault.get("ctx", {})) for fault in error.errors()]
    return await _problem_error(_, bad_parameters(faults))


def _parameter_fault(place: tuple[object, ...], kind: str, limits: Mapping[str, object]) -> str:
    """What is wrong with the parameter at `place`, from pydantic's kind of fault and its limits.

    Its message and its input are not used: they repeat what was sent. The limits are the schema's, so they are ours.
    """
    name = parameter_name(place[1] if len(place) > 1 else None)
    rule = _RULES.get(kind, "has a value that it cannot have: the values stand in /api/openapi.json")
    return f"{name} {rule.format_map(limits)}"


HANDLERS: Final[dict[int | type[Exception], Callable[[Request, Exception], Coroutine[Any, Any, Response]]]] = {
    ProblemError: _problem_error,
    HTTPException: _http_exception,
    RequestValidationError: _validation_error,
    Exception: _any_error,
}
"""How each kind of error is answered, the framework's own included. Coroutines: a plain one costs a thread."""
