"""Traces by OpenTelemetry. Only `tracing.tracing_of` imports this module, and only when traces are sent.

Whether a reading is told is decided at its end, when it is known whether it failed: until then there is no span,
only when it began. So the many that are not told cost next to nothing, and nothing is held for them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Self

import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.trace import Span, SpanKind

from exporter import __version__
from exporter.clock import Clock
from exporter.config.telemetry import Traces
from exporter.model.facts import Reading, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure
from exporter.telemetry.exporting import Sending
from exporter.telemetry.metrics import SelfMetrics
from exporter.telemetry.spans import PREFIX, Open, client_span, exemplar_of, fail, link_to, nanoseconds, ours, resource
from exporter.telemetry.tracing import Endpoint, attributes_of

CLOSING: Final = 3.0
"""Seconds at the end for what was not sent yet. OpenTelemetry's own shutdown takes up to 30, and blocks."""

_OK: Final = 200
_log = structlog.get_logger("traces")


class Recording:
    """`tracing.Tracing` by OpenTelemetry. Lives in one event loop."""

    def __init__(
        self, sending: Sending, *, processor: SpanProcessor, ratio: float, clock: Clock, draw: Callable[[], float]
    ) -> None:
        """Tells at once.

        Args:
            sending: what `processor` hands spans to; closed at the end.
            processor: takes ended spans.
            ratio: of the readings without a failure, that are told.
            clock: tells the time.
            draw: randomness.
        """
        # Every span that is begun is told: what is not to be told is not begun.
        provider = TracerProvider(sampler=ALWAYS_ON, resource=resource(), shutdown_on_exit=False)
        provider.add_span_processor(processor)
        self.tracer = provider.get_tracer("xero-exporter", __version__)
        self.clock = clock
        self._sending = sending
        self._provider = provider
        self._ratio = ratio
        self._draw = draw

    @classmethod
    def sending(cls, traces: Traces, *, metrics: SelfMetrics, clock: Clock, draw: Callable[[], float]) -> Recording:
        """One that sends to where `traces` says."""
        sending = Sending(traces, metrics)
        return cls(sending, processor=sending.processor, ratio=traces.ratio, clock=clock, draw=draw)

    def reading(self, organization_id: str) -> _Reading:
        """As `tracing.Tracing`."""
        return _Reading(self, organization_id)

    def requests(self, metrics: SelfMetrics, endpoint: Endpoint) -> _Requests:
        """As `tracing.Tracing`."""
        return _Requests(self, metrics, endpoint)

    def open(
        self, name: str, *, caused_by: Sequence[str] = (), **attributes: str | int | bool
    ) -> AbstractContextManager[Open]:
        """As `tracing.Tracing`."""
        return self._open(name, SpanKind.INTERNAL, ours(attributes), caused_by)

    def call(self, endpoint: Endpoint) -> AbstractContextManager[Open]:
        """As `tracing.Tracing`."""
        return self._open(f"{endpoint.method} {endpoint.template}", SpanKind.CLIENT, attributes_of(endpoint), ())

    @contextmanager
    def _open(
        self, name: str, kind: SpanKind, attributes: Mapping[str, str | int | bool], caused_by: Sequence[str]
    ) -> Iterator[Open]:
        began = self.clock.now()
        span = self.tracer.start_span(
            name,
            kind=kind,
            attributes=attributes,
            links=[link for one in caused_by if (link := link_to(one)) is not None],
            start_time=nanoseconds(began.wall),
        )
        opened = Open(span)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield opened
        except BaseException as error:
            # By its class: its text can quote what somebody sent.
            opened.failed(type(error).__name__)
            raise
        finally:
            span.end(end_time=self.after(began))

    async def aclose(self) -> None:
        """As `tracing.Tracing`."""
        loop, closed = asyncio.get_running_loop(), asyncio.Event()

        def close() -> None:
            self._provider.shutdown()
            # Too late, and the loop may be closed: then nobody waits for it any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(closed.set)

        # A thread that nobody waits for: one of the loop's own would hold the end of the process.
        threading.Thread(target=close, name="traces-closing", daemon=True).start()
        try:
            async with asyncio.timeout(CLOSING):
                await closed.wait()
        except TimeoutError:
            _log.warning("traces_lost", spans=self._sending.waiting)
            self._sending.give_up()

    def wants(self, failure: Failure | None) -> bool:
        """Whether something that ended so is told: a failure, a part of what is told already, or one by the ratio."""
        return failure is not None or trace.get_current_span().is_recording() or self._draw() < self._ratio

    def after(self, began: Moment) -> int:
        """Now, as far after `began` as the clock says that never steps; nanoseconds since 1970 UTC."""
        return nanoseconds(began.wall + self.clock.now().monotonic - began.monotonic)


class _Reading:
    """`tracing.ReadingTrace`: begins its span when it is known that it is to be told."""

    __slots__ = ("_began", "_call", "_organization_id", "_recording", "_span", "_token")

    def __init__(self, recording: Recording, organization_id: str) -> None:
        self._recording = recording
        self._organization_id = organization_id
        self._began = recording.clock.now()
        self._span: Span | None = None
        self._call: tuple[Span, int] | None = None
        self._token: Token[_Reading | None] | None = None

    def __enter__(self) -> Self:
        self._token = _READING.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            _READING.reset(self._token)

    def request_ended(self, endpoint: Endpoint, seconds: float, failure: Failure | None) -> Span | None:
        """Begins the span of its request, which took that long until now; None when it is not to be told."""
        if not self._recording.wants(failure):
            return None
        ended = self._recording.after(self._began)
        self._call = call, _ = (
            client_span(self._recording.tracer, endpoint, failure, ended=ended, seconds=seconds, parent=self._begun()),
            ended,
        )
        return call

    def ended(self, reading: Reading) -> None:
        """As `tracing.ReadingTrace`."""
        outcome, failure = reading.outcome, reading.failure
        if self._call is not None:
            call, ended = self._call
            status = outcome.http_status if isinstance(outcome, UpstreamFailure) else _OK
            if status is not None:
                call.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
            call.end(end_time=ended)
        if failure is not None:
            fail(self._begun(), failure)
        if self._span is not None:
            self._span.end(end_time=self._recording.after(self._began))

    def _begun(self) -> Span:
        if self._span is None:
            self._span = self._recording.tracer.start_span(
                "reading",
                attributes={PREFIX + "organization_id": self._organization_id},
                start_time=nanoseconds(self._began.wall),
            )
        return self._span


_READING: Final[ContextVar[_Reading | None]] = ContextVar("reading", default=None)
"""The reading that is under way in this task."""


class _Requests:
    """`tracing.Requests`: a request is told as a part of the reading under way, or by itself."""

    def __init__(self, recording: Recording, metrics: SelfMetrics, endpoint: Endpoint) -> None:
        self._recording = recording
        self._metrics = metrics
        self._endpoint = endpoint

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """As `tracing.Requests`; what is told stands as an exemplar at its bucket."""
        reading = _READING.get()
        if reading is not None:
            call = reading.request_ended(self._endpoint, seconds, failure)
        else:
            call = self._alone(seconds, failure)
        self._metrics.request_ended(upstream, seconds, failure, None if call is None else exemplar_of(call))

    def clock_skew(self, seconds: float) -> None:
        """As `tracing.Requests`."""
        self._metrics.clock_skew(seconds)

    def _alone(self, seconds: float, failure: Failure | None) -> Span | None:
        if not self._recording.wants(failure):
            return None
        ended = nanoseconds(self._recording.clock.now().wall)
        call = client_span(
            self._recording.tracer,
            self._endpoint,
            failure,
            ended=ended,
            seconds=seconds,
            parent=trace.get_current_span(),
        )
        call.end(end_time=ended)
        return call
