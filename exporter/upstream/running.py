"""A running exporter, asked for its documents: the command line does not remember, and it does."""

from __future__ import annotations

import ssl
from typing import Final

import httpx

from exporter.model.facts import UpstreamFailure
from exporter.upstream.transport import Answer, ReadTransport

TIMEOUT: Final = 5.0
"""Seconds for one document: the exporter answers from what it holds."""

_PER_SECOND: Final = 10.0  # never reached: a command asks for one document or two


class RunningExporter:
    """Asks one exporter. Lives in one event loop; to be closed at the end."""

    def __init__(self, url: str, *, token: str | None, tls: ssl.SSLContext, timeout: float = TIMEOUT) -> None:
        """Opens nothing yet.

        Args:
            url: where it listens, without a slash at its end.
            token: one of its tokens; None where reading is open.
            tls: whom to trust.
            timeout: seconds for one document.
        """
        self._url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._transport = ReadTransport(
            timeout=timeout, max_concurrency=1, max_requests_per_second=_PER_SECOND, tls=tls
        )

    async def document(self, path: str) -> bytes | UpstreamFailure:
        """The body of the answer at `path`, which begins with a slash."""
        async with self._transport.permit(suspect=False):
            answer = await self._transport.get(httpx.URL(self._url + path), self._headers)
        return answer.body if isinstance(answer, Answer) else answer

    async def aclose(self) -> None:
        """Closes its connection."""
        await self._transport.aclose()
