"""Forms of our own pages: what a browser must bring with one, and what stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.web.problems import ProblemError, Refusing, bad_parameters, parameter_name

MAX_FIELDS: Final = 20
"""Fields of one form; the largest of ours sends nine."""

_FORM: Final = "application/x-www-form-urlencoded"
_NO_FORM: Final = f"This takes the forms of this exporter's pages, {_FORM}; programs send JSON to /api/v1"
_FROM_NOWHERE: Final = (
    "The browser does not say that a page of this exporter sent this form (Origin, Sec-Fetch-Site): use a newer one; "
    "programs send JSON to /api/v1"
)
_UNREADABLE: Final = "The form cannot be read: send it again from its page"


def comes_from_here(origin: str | None, fetch_site: str | None) -> bool:
    """Whether a browser vouches for where a form comes from, once `gate.crosses_sites` has denied that it is elsewhere.

    A form, unlike JSON, can be sent by a page of any site. Browsers of before 2020 say nothing for some of them: what
    nobody vouches for is refused.

    Args:
        origin: the header Origin; None when there was none.
        fetch_site: the header Sec-Fetch-Site, likewise.
    """
    return origin is not None or (fetch_site is not None and fetch_site.strip().lower() == "same-origin")


class FormOnly:
    """An ASGI application that sees only forms of our own pages."""

    def __init__(self, app: ASGIApp, refusing: Refusing) -> None:
        """Puts `app` behind it.

        Args:
            app: who answers.
            refusing: makes the answer when that is not allowed.
        """
        self._app = app
        self._refusing = refusing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 403 or 415, or lets the application answer."""
        sent = Headers(scope=scope)
        if sent.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            await self._refusing(scope, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _NO_FORM)(scope, receive, send)
        elif not comes_from_here(sent.get("origin"), sent.get("sec-fetch-site")):
            await self._refusing(scope, HTTPStatus.FORBIDDEN, _FROM_NOWHERE)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def form_of(request: Request, known: Mapping[str, bool]) -> dict[str, list[str]]:
    """The fields of a form; a field that was not sent has no values.

    Args:
        request: with the form as its body, whose length the connection bounds.
        known: field -> whether it may be there more than once.

    Raises:
        ProblemError: 400, it is no form, or a field is unknown or there more than once.
    """
    body = await request.body()
    try:
        sent = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:  # also of UnicodeDecodeError
        raise ProblemError(HTTPStatus.BAD_REQUEST, _UNREADABLE) from None
    fields: dict[str, list[str]] = {name: [] for name in known}
    for name, value in sent:
        if name not in known:
            raise bad_parameters([f"{parameter_name(name)} is unknown here"])
        if fields[name] and not known[name]:
            raise bad_parameters([f"{parameter_name(name)} is given more than once: give it once"])
        fields[name].append(value)
    return fields
