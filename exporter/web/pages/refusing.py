"""Refusals on pages: the sentence of the problem document, on a page from which one gets on."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, as_problem, problem
from exporter.web.site import site_of

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def as_page(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with its problems told on a page."""

    @wraps(endpoint)
    async def answering(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ProblemError as error:
            answer = _page(request, error.status, error.detail)
            answer.headers.update(error.headers or {})
            return answer

    return answering


def refused_to_people(scope: Scope, status: HTTPStatus, why: str) -> Response:
    """The refusal of a page: a page for browsers, who ask for HTML, and a problem document for programs."""
    request = Request(scope)
    if "text/html" not in request.headers.get("accept", ""):
        return as_problem(scope, status, why)
    return _page(request, status, why)


def _page(request: Request, status: HTTPStatus, why: str) -> Response:
    site = site_of(request)
    page = rendered("problem.html", caller_of(request, site), site.version, {"problem": problem(status, why)})
    return answered(request, page, math.floor(time.time()), status)
