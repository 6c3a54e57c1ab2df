"""Refusals on pages: the sentence of the problem document, on a page from which one gets on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, problem
from exporter.web.site import site_of

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def as_page(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with its problems told on a page."""

    @wraps(endpoint)
    async def answering(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ProblemError as error:
            site = site_of(request)
            told = problem(error.status, error.detail)
            page = rendered("problem.html", caller_of(request, site), site.version, {"problem": told})
            answer = answered(request, page, None, error.status)
            answer.headers.update(error.headers or {})
            return answer

    return answering
