"""Sends spans from a thread of OpenTelemetry's, holds a bounded number of them, and counts what became of each."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from typing import Final

import requests
import structlog
from google.protobuf.message import DecodeError
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import TimeoutError as TimeoutWhileReading

from exporter.config.telemetry import Traces
from exporter.model.words import Failure
from exporter.telemetry.metrics import SelfMetrics

BATCH: Final = 512
"""Spans of one request, OpenTelemetry's own number; a smaller queue is sent whole."""

MAX_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are looked at: it says how many spans it refused, and why in one sentence."""

_FAILURES: Final[Mapping[int, Failure]] = {
    401: Failure.AUTH,
    403: Failure.AUTH,
    404: Failure.NOT_FOUND,
    429: Failure.RATE_LIMITED,
}
_SERVER_ERROR: Final = 500
_log = structlog.get_logger("traces")


class Sending:
    """The way of spans from their end to the receiver, and what is counted on it.

    Attributes:
        processor: takes ended spans, from any thread, and never waits.
    """

    def __init__(self, traces: Traces, metrics: SelfMetrics) -> None:
        """Starts the thread that sends.

        Args:
            traces: where to, and how many may wait.
            metrics: counts.
        """
        self._metrics = metrics
        self._most = traces.queue
        self._waiting = 0
        self._lock = threading.Lock()
        self._failing = False
        self._answers = _Answers()
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, self._answers)
        self._otlp = OTLPSpanExporter(endpoint=traces.endpoint, session=session)
        # The queue behind the gate is as long as the gate lets in: it never drops one without a count.
        batch = BatchSpanProcessor(
            _Exporting(self),
            max_queue_size=traces.queue,
            schedule_delay_millis=traces.delay * 1000,
            max_export_batch_size=min(BATCH, traces.queue),
        )
        self.processor: SpanProcessor = _Gate(self, batch)

    @property
    def waiting(self) -> int:
        """Spans that ended and were not sent yet."""
        return self._waiting

    def give_up(self) -> None:
        """Ends what is being sent as soon as that can be: the time is over."""
        self._otlp.shutdown()  # type: ignore[no-untyped-call]  # the library leaves this one untyped

    def admit(self) -> bool:
        """Whether one more may wait; counts it when not."""
        with self._lock:
            if self._waiting < self._most:
                self._waiting += 1
                return True
        self._metrics.spans_dropped("queue_full", 1)
        return False

    def send(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends some, in the thread that sends, and counts what became of them. Raises nothing."""
        self._answers.forget()
        try:
            sent = self._otlp.export(spans) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001 - the library would log it, with a text that can quote the address
            sent, self._answers.error = False, error
        with self._lock:
            self._waiting -= len(spans)
        # The library calls a redirect a success, and does not follow it.
        if not sent or not self._answers.is_good:
            self._metrics.spans_dropped("not_sent", len(spans))
            self._tell_failing()
            return SpanExportResult.FAILURE
        refused = min(self._answers.refused, len(spans))
        self._metrics.spans_exported(len(spans) - refused)
        self._metrics.spans_dropped("refused", refused)
        if self._failing:
            self._failing = False
            _log.info("traces_sent_again")
        return SpanExportResult.SUCCESS

    def _tell_failing(self) -> None:
        """Once, until they are sent again; never with the address, which can hold a password."""
        if not self._failing:
            self._failing = True
            answers = self._answers
            error = None if answers.error is None else type(answers.error).__name__
            _log.warning("traces_not_sent", failure=answers.failure, http_status=answers.status, error=error)


class _Gate(SpanProcessor):
    """Lets so many spans into the queue as may wait."""

    def __init__(self, sending: Sending, batch: BatchSpanProcessor) -> None:
        self._sending = sending
        self._batch = batch

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing happens to a span before its end."""

    def on_end(self, span: ReadableSpan) -> None:
        """Into the queue, or dropped and counted."""
        if self._sending.admit():
            self._batch.on_end(span)

    def shutdown(self) -> None:
        """Sends what waits. Blocks for up to 30 s."""
        self._batch.shutdown()  # type: ignore[no-untyped-call]  # as above

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Sends what waits. Blocks."""
        return self._batch.force_flush(timeout_millis)


class _Exporting(SpanExporter):
    """What the thread that sends calls."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As `Sending.send`."""
        return self._sending.send(spans)

    def shutdown(self) -> None:
        """Closes the connection."""
        self._sending.give_up()


class _Answers(HTTPAdapter):
    """Keeps what the exporter does not tell: what the last answer was, or why there was none.

    Of an answer it takes in `MAX_ANSWER` bytes: the library would take in all that comes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    def forget(self) -> None:
        """Of the answers until now."""
        self.status: int | None = None
        self.error: Exception | None = None
        self._body = b""

    def send(  # noqa: PLR0917 - as the library declares it
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the library's own signature
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - as above
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Sends one request, and keeps what came of it."""
        self.forget()
        try:
            response = super().send(request, stream, timeout, verify, cert, proxies)
            self._body = response.raw.read(MAX_ANSWER, decode_content=True)
            response.close()
        except Exception as error:
            self.error = error
            raise
        self.status = response.status_code
        response.raw = HTTPResponse(io.BytesIO(self._body), preload_content=False)
        return response

    @property
    def is_good(self) -> bool:
        """Whether the last one says that spans were taken."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - success, RFC 9110, 15.3

    @property
    def failure(self) -> Failure:
        """Why they were not, in the words that there are for others whom we ask."""
        if self.status is None:
            return (
                Failure.TIMEOUT if isinstance(self.error, requests.Timeout | TimeoutWhileReading) else Failure.NETWORK
            )
        if self.status >= _SERVER_ERROR:
            return Failure.SERVER_ERROR
        return _FAILURES.get(self.status, Failure.UNEXPECTED_STATUS)

    @property
    def refused(self) -> int:
        """How many spans the last one says it did not keep (OTLP's partial success)."""
        try:
            return max(0, int(ExportTraceServiceResponse.FromString(self._body).partial_success.rejected_spans))
        except DecodeError:  # a proxy's page, for one: it says nothing of spans
            return 0
