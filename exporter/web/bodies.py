"""What a request that changes something must bring."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.web.problems import problem_response

_JSON: Final = "application/json"
_WHY: Final = f"Send Content-Type: {_JSON}; where nothing need be said, with an empty body or {{}}"


class JsonOnly:
    """An ASGI application that sees only requests of application/json: a form of another site cannot send one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 415, or lets the application answer."""
        said = Headers(scope=scope).get("content-type", "")
        if said.partition(";")[0].strip().lower() != _JSON:
            await problem_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _WHY)(scope, receive, send)
            return
        await self._app(scope, receive, send)
