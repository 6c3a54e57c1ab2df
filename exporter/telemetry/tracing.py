"""What can be told in traces, in words that do not need OpenTelemetry: it is loaded only when traces are sent.

Where they are not, there is no `Tracing` at all, and nothing on the way of a reading looks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from exporter.clock import Clock
from exporter.config.telemetry import Traces
from exporter.model.facts import Reading
from exporter.model.words import Failure
from exporter.telemetry.metrics import SelfMetrics

_log = structlog.get_logger("traces")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is asked of another side again and again, as the conventions for HTTP clients name it.

    Attributes:
        method: such as ``GET``.
        address: name or address of the server.
        port: of the server.
        template: the path with its placeholders, without a query: that may hold a key.
    """

    method: str
    address: str
    port: int
    template: str

    @classmethod
    def of(cls, method: str, url: str) -> Endpoint:
        """What a URL, placeholders and all, means; `url` is one that the configuration let pass."""
        split = urlsplit(url)
        port = split.port or (443 if split.scheme == "https" else 80)
        return cls(method, split.hostname or "", port, split.path or "/")


class Requests(Protocol):
    """Whoever counts requests, and tells them."""

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """One request ended: how long it took, body included, and why it gave no usable answer (None: it did)."""
        ...

    def clock_skew(self, seconds: float) -> None:
        """How far the platform's clock is ahead of ours; negative when behind."""
        ...


class ReadingTrace(AbstractContextManager["ReadingTrace"], Protocol):
    """A reading under way: the request that ends within the block is told as a part of it."""

    def ended(self, reading: Reading) -> None:
        """How it went: a failure is told always, anything else by the ratio. To be said within the block."""
        ...


class OpenSpan(Protocol):
    """Something under way that is told whatever comes of it."""

    @property
    def traceparent(self) -> str:
        """Where it stands, as W3C Trace Context writes it (55 characters).

        To be kept with what it caused, a trigger in the ledger for one: a later span, after a restart too, can be
        linked to it.
        """
        ...

    def say(self, **attributes: str | int | bool) -> None:
        """What is known of it only now. Closed words and ids, never a text: as for labels."""
        ...

    def failed(self, failure: str) -> None:
        """It came to nothing: why, in one word of a closed list."""
        ...


class OpenCall(OpenSpan, Protocol):
    """A call to another side under way, told whatever comes of it."""

    def answered(self, http_status: int | None, failure: Failure | None) -> None:
        """What came back, if anything did, and why that is no yes."""
        ...


class Tracing(Protocol):
    """Tells what this process does, as spans. Lives in one event loop."""

    def reading(self, organization_id: str) -> ReadingTrace:
        """A reading that begins now; of an action that is under way in this task it is told as a part, and always."""
        ...

    def requests(self, metrics: SelfMetrics, endpoint: Endpoint) -> Requests:
        """Counts requests to one endpoint as `metrics` does, and tells them."""
        ...

    def open(
        self, name: str, *, caused_by: Sequence[str] = (), **attributes: str | int | bool
    ) -> AbstractContextManager[OpenSpan]:
        """Something that begins now, ends with the block, and is always told: a webhook, an action, an attempt.

        What begins in the same task within the block, readings and requests too, is told as a part of it. An
        exception that leaves the block is told by its class.

        Args:
            name: what it is, a word of a closed list.
            caused_by: `OpenSpan.traceparent` of what asked for it, each becomes a link; what is none is left out.
            attributes: what is known of it: closed words and ids, never a text.
        """
        ...

    def call(self, endpoint: Endpoint) -> AbstractContextManager[OpenCall]:
        """A call that begins now, ends with the block, and is always told."""
        ...

    async def aclose(self) -> None:
        """Sends what waits, within `recording.CLOSING` seconds; what is left then is lost, and the log says so."""
        ...


def tracing_of(traces: Traces, *, metrics: SelfMetrics, clock: Clock, draw: Callable[[], float]) -> Tracing | None:
    """Loads OpenTelemetry and begins to send; None when that breaks, which the log tells.

    OpenTelemetry reads variables of its own, and raises for what it cannot use in some of them.

    Args:
        traces: where to, and how many.
        metrics: counts what was sent and what was not.
        clock: tells the time.
        draw: randomness: a number from 0 up to but not including 1.
    """
    # Here, because what it loads takes 0.1 s and 7 MB, and most exporters send no traces.
    from exporter.telemetry.recording import Recording  # noqa: PLC0415

    try:
        return Recording.sending(traces, metrics=metrics, clock=clock, draw=draw)
    except Exception:  # noqa: BLE001 - whatever it is, the exporter has its work to do
        _log.exception("traces_broke", consequence="no traces are sent")
        return None


def attributes_of(endpoint: Endpoint) -> Mapping[str, str | int]:
    """What is said of every request to an endpoint (OpenTelemetry's conventions for HTTP client spans, 1.23 on)."""
    return {
        "http.request.method": endpoint.method,
        "server.address": endpoint.address,
        "server.port": endpoint.port,
        "url.template": endpoint.template,
    }
