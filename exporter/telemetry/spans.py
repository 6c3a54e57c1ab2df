"""Spans by OpenTelemetry: what is said of one, and under which names. Loaded with `recording`, and only then."""

from __future__ import annotations

import uuid
from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from exporter import __version__
from exporter.model.words import Failure
from exporter.telemetry.tracing import Endpoint, attributes_of

PREFIX: Final = "xero_exporter."
"""What our own attributes begin with, so that they never meet one of OpenTelemetry's."""

_W3C: Final = TraceContextTextMapPropagator()


class Open:
    """`tracing.OpenSpan`, and `tracing.OpenCall`."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """As `tracing.OpenSpan`."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(self._span))
        return carrier.get("traceparent", "")

    def say(self, **attributes: str | int | bool) -> None:
        """As `tracing.OpenSpan`."""
        self._span.set_attributes(ours(attributes))

    def failed(self, failure: str) -> None:
        """As `tracing.OpenSpan`."""
        fail(self._span, failure)

    def answered(self, http_status: int | None, failure: Failure | None) -> None:
        """As `tracing.OpenCall`."""
        if http_status is not None:
            self._span.set_attribute(HTTP_RESPONSE_STATUS_CODE, http_status)
        if failure is not None:
            fail(self._span, failure)


def resource() -> Resource:
    """Who tells: ours where OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say nothing else."""
    own = {
        SERVICE_NAME: "xero-exporter",
        "service.version": __version__,
        "service.instance.id": str(uuid.uuid4()),
    }
    named = OTELResourceDetector().detect().attributes
    return Resource.create({name: value for name, value in own.items() if not named.get(name)})


def nanoseconds(wall: float) -> int:
    """Seconds since 1970 UTC as OpenTelemetry counts time."""
    return int(wall * 1e9)


def client_span(
    tracer: trace.Tracer, endpoint: Endpoint, failure: Failure | None, *, ended: int, seconds: float, parent: Span
) -> Span:
    """The span of a request to `endpoint` that ended then and took that long, begun and not ended.

    Args:
        tracer: makes it.
        endpoint: what was asked.
        failure: why there was no usable answer; None: there was one.
        ended: nanoseconds since 1970 UTC.
        seconds: how long it took.
        parent: of what it is a part.
    """
    call = tracer.start_span(
        f"{endpoint.method} {endpoint.template}",
        context=trace.set_span_in_context(parent),
        kind=SpanKind.CLIENT,
        attributes=attributes_of(endpoint),
        start_time=ended - nanoseconds(seconds),
    )
    if failure is not None:
        fail(call, failure)
    return call


def fail(span: Span, failure: str) -> None:
    """Says that it came to nothing: why, in one word of a closed list."""
    span.set_attribute(ERROR_TYPE, str(failure))
    span.set_status(Status(StatusCode.ERROR))


def exemplar_of(span: Span) -> dict[str, str]:
    """Where it is found, for a bucket of a histogram."""
    context = span.get_span_context()
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}


def link_to(traceparent: str) -> Link | None:
    """A link to the span that W3C Trace Context names so; None: it names none."""
    context = trace.get_current_span(_W3C.extract({"traceparent": traceparent})).get_span_context()
    return Link(context) if context.is_valid else None


def ours(attributes: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
    """Attributes under names that meet none of OpenTelemetry's."""
    return {PREFIX + name: value for name, value in attributes.items()}
