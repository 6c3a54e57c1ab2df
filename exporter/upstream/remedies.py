"""What MemberPulse's admin API can be asked to do: "Retry Failed Syncs" and "Force Full Resync" of its page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import httpx

from exporter.clock import Clock
from exporter.model.action import ActionKind, Parameters
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.telemetry.tracing import Endpoint, Tracing
from exporter.upstream.memberpulse import UPSTREAM, Telemetry, TokenLike
from exporter.upstream.writing import WriteTransport

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
"""The page documents none; a platform that knows it will do a call that comes twice once."""

_NO_TOKEN: Final = UpstreamFailure(
    Failure.AUTH, Sent.NO, detail="the token file for remediation cannot be read, so nothing was sent"
)


class DisarmedError(Exception):
    """Something is to be sent although nothing may be: the last lock, should all before it have failed."""


class Remedies:
    """Asks the platform for a retry or resync. Each call is one POST, and never a second one."""

    def __init__(
        self,
        *,
        base_url: str,
        paths: Mapping[ActionKind, str],
        token: TokenLike,
        transport: WriteTransport,
        telemetry: Telemetry,
        clock: Clock,
        armed: Callable[[], bool],
        tracing: Tracing | None = None,
    ) -> None:
        """Opens nothing.

        Args:
            base_url: of the platform, with or without a path and a slash at its end.
            paths: each begins with a slash and holds ``{organization_id}``.
            token: read anew for each call.
            transport: sends it.
            telemetry: told of every request.
            clock: for durations.
            armed: whether anything may be sent at all; asked right before each call.
            tracing: tells what is sent, and nothing that is not; None: nothing does.
        """
        base = base_url.rstrip("/")
        self._templates = {kind: base + path for kind, path in paths.items()}
        self._token = token
        self._transport = transport
        self._telemetry = telemetry
        self._clock = clock
        self._armed = armed
        self._tracing = tracing

    async def call(
        self, organization_id: str, kind: ActionKind, parameters: Parameters, idempotency_key: str
    ) -> int | UpstreamFailure:
        """``POST .../{organization_id}/retry`` or ``/resync``.

        Args:
            organization_id: matches `words.ORGANIZATION_ID`, so it stands in the path as it is.
            kind: what to ask for.
            parameters: complete for that kind.
            idempotency_key: the same for the same call, and for no other.

        Returns:
            The status of an answer that says yes, or why there is none, and whether the call was sent.

        Raises:
            DisarmedError: nothing may be sent; nothing was.
        """
        if not self._armed():
            raise DisarmedError
        token = self._token.value
        if token is None:
            return _NO_TOKEN
        url = httpx.URL(self._templates[kind].replace("{organization_id}", organization_id))
        headers = {"Authorization": f"Bearer {token}", IDEMPOTENCY_KEY: idempotency_key}
        began = self._clock.now()
        answer = await self._posted(kind, url, headers, body_of(kind, parameters))
        failure = answer.failure if isinstance(answer, UpstreamFailure) else None
        self._telemetry.request_ended(UPSTREAM, self._clock.now().monotonic - began.monotonic, failure)
        return answer

    async def _posted(
        self, kind: ActionKind, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> int | UpstreamFailure:
        if self._tracing is None:
            return await self._transport.post(url, headers, body)
        with self._tracing.call(Endpoint.of("POST", self._templates[kind])) as call:
            answer = await self._transport.post(url, headers, body)
            if isinstance(answer, UpstreamFailure):
                call.answered(answer.http_status, answer.failure)
            else:
                call.answered(answer, None)
        return answer


def body_of(kind: ActionKind, parameters: Parameters) -> bytes:
    """The body of a call, as the page shows it.

    Raises:
        ValueError: it is not complete: without ids, or without an instant, it could mean everything.
    """
    if kind is ActionKind.RETRY:
        if not parameters.record_ids or len(parameters.sync_types) != 1:
            raise ValueError("a retry needs one sync type and at least one record id")
        document: dict[str, object] = {
            "sync_type": parameters.sync_types[0],
            "record_ids": list(parameters.record_ids),
        }
    else:
        if parameters.since is None or not parameters.sync_types:
            raise ValueError("a resync needs at least one sync type and an instant")
        # Whole seconds, cut: what is asked for begins no later than what was decided.
        since = datetime.fromtimestamp(int(parameters.since), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {"sync_types": list(parameters.sync_types), "since": since}
    return json.dumps(document).encode()
