"""What is told of a reading, of its request and of an action, and what is not."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry

from exporter import __version__, logs
from exporter.config.telemetry import Traces
from exporter.expose.own import OwnMetrics
from exporter.model.facts import Reading, Status, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.telemetry.exporting import Sending
from exporter.telemetry.metrics import SelfMetrics
from exporter.telemetry.recording import Recording
from exporter.telemetry.tracing import Endpoint, Requests, tracing_of

WALL = 1_760_000_000.0
STATUS = Endpoint.of("GET", "https://app.example/base/api/{organization_id}/status?key=s3cr3t")


class HandClock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.moment = Moment(WALL, 50.0)

    def now(self) -> Moment:
        """The moment that was set."""
        return self.moment

    def goes(self, seconds: float, *, steps: float = 0.0) -> None:
        """Time passes; the wall clock is set by `steps` beside that."""
        self.moment = Moment(self.moment.wall + seconds + steps, self.moment.monotonic + seconds)


class Kept(SpanProcessor):
    """Keeps ended spans."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.begun = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the library's
        """Counts."""
        self.begun += 1

    def on_end(self, span: ReadableSpan) -> None:
        """Keeps."""
        self.spans.append(span)

    def named(self, name: str) -> ReadableSpan:
        """The one span of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


class Scene:
    """A recording whose spans are kept, and what asks within it."""

    def __init__(self, ratio: float, drawn: float) -> None:
        self.clock = HandClock()
        self.kept = Kept()
        self.registry = CollectorRegistry()
        self.metrics = SelfMetrics(self.registry)
        self.sending = Sending(Traces("http://127.0.0.1:9/v1/traces"), self.metrics)
        self.recording = Recording(self.sending, processor=self.kept, ratio=ratio, clock=self.clock, draw=lambda: drawn)
        self.requests: Requests = self.recording.requests(self.metrics, STATUS)

    def read(
        self, failure: Failure | None = None, *, http_status: int | None = None, name: str = "org-1", steps: float = 0.0
    ) -> None:
        """A reading whose request took 0.25 s, and that ends 0.01 s after it."""
        with self.recording.reading(name) as trace:
            began = self.clock.now()
            self.clock.goes(0.25, steps=steps)
            self.requests.request_ended("memberpulse", 0.25, failure)
            self.clock.goes(0.01)
            trace.ended(reading(name, failure, began, self.clock.now(), http_status))

    def exemplars(self) -> list[str]:
        """The lines of the page that lead to a trace."""
        return [
            line for line in OwnMetrics(self.registry).lines(openmetrics=True).decode().splitlines() if " # {" in line
        ]


def reading(
    name: str, failure: Failure | None, began: Moment, ended: Moment, http_status: int | None = None
) -> Reading:
    """A reading that went so."""
    outcome: Status | UpstreamFailure = Status()
    if failure is not None:
        outcome = UpstreamFailure(failure, Sent.MAYBE, http_status=http_status, detail="Mary Smith, mary@example.org")
    return Reading(organization_id=name, began=began, ended=ended, outcome=outcome)


@pytest.fixture
def scene() -> Iterator[Callable[..., Scene]]:
    """Makes scenes, and ends their threads."""
    scenes: list[Scene] = []

    def make(ratio: float = 1.0, drawn: float = 0.5) -> Scene:
        scenes.append(Scene(ratio, drawn))
        return scenes[-1]

    yield make
    for one in scenes:
        one.sending.processor.shutdown()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """As a plain mapping."""
    return dict(span.attributes or {})


def span_id(span: ReadableSpan) -> int:
    """Of one span."""
    assert span.context is not None
    return int(span.context.span_id)


def test_a_reading_and_its_request_are_two_spans_of_one_trace(scene: Callable[..., Scene]) -> None:
    """The request by the conventions for HTTP clients: the template in place of the URL, and nothing of its query."""
    here = scene()
    here.read()
    call, whole = here.kept.named("GET /base/api/{organization_id}/status"), here.kept.named("reading")
    assert attributes(call) == {
        "http.request.method": "GET",
        "server.address": "app.example",
        "server.port": 443,
        "url.template": "/base/api/{organization_id}/status",
        "http.response.status_code": 200,
    }
    assert attributes(whole) == {"xero_exporter.organization_id": "org-1"}
    assert (call.kind, whole.kind) == (SpanKind.CLIENT, SpanKind.INTERNAL)
    assert call.parent == whole.context
    assert whole.parent is None
    assert call.status.status_code is whole.status.status_code is StatusCode.UNSET


def test_spans_take_as_long_as_what_they_tell_of(scene: Callable[..., Scene]) -> None:
    """To the microsecond; a floating second has no more."""
    here = scene()
    here.read()
    call, whole = here.kept.named("GET /base/api/{organization_id}/status"), here.kept.named("reading")
    assert whole.start_time == pytest.approx(WALL * 1e9, abs=1_000)
    assert (whole.end_time or 0) - (whole.start_time or 0) == pytest.approx(0.26e9, abs=1_000)
    assert call.start_time == pytest.approx(whole.start_time, abs=1_000)
    assert (call.end_time or 0) - (call.start_time or 0) == pytest.approx(0.25e9, abs=1_000)


@pytest.mark.parametrize("steps", [-3600.0, 3600.0])
def test_a_clock_that_is_set_meanwhile_makes_no_span_longer_or_negative(
    scene: Callable[..., Scene], steps: float
) -> None:
    """Durations are those of the clock that never steps."""
    here = scene()
    here.read(steps=steps)
    for span in here.kept.spans:
        assert 0.2e9 < (span.end_time or 0) - (span.start_time or 0) < 0.3e9


@pytest.mark.parametrize(
    ("failure", "http_status"),
    [(Failure.TIMEOUT, None), (Failure.SERVER_ERROR, 503), (Failure.AUTH, 401), (Failure.INVALID_RESPONSE, 200)],
)
def test_a_failure_is_told_though_the_ratio_leaves_all_out(
    scene: Callable[..., Scene], failure: Failure, http_status: int | None
) -> None:
    """With its word, the status of the answer where there was one, and nothing of its texts."""
    here = scene(ratio=0.0)
    here.read(failure, http_status=http_status)
    call, whole = here.kept.named("GET /base/api/{organization_id}/status"), here.kept.named("reading")
    for span in (call, whole):
        assert attributes(span)["error.type"] == failure.value
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        assert not span.events
        assert "mary" not in span.to_json().lower()
    assert attributes(call).get("http.response.status_code") == http_status


def test_what_went_well_is_told_by_the_ratio(scene: Callable[..., Scene]) -> None:
    """And of what is not told, no span is even begun."""
    told, left_out = scene(ratio=0.6, drawn=0.5), scene(ratio=0.5, drawn=0.5)
    told.read()
    left_out.read()
    assert len(told.kept.spans) == 2
    assert left_out.kept.begun == 0


def test_a_reading_that_sent_nothing_is_told_alone(scene: Callable[..., Scene]) -> None:
    """There was no token to send: a failure without a request."""
    here = scene(ratio=0.0)
    with here.recording.reading("org-1") as trace:
        trace.ended(reading("org-1", Failure.AUTH, here.clock.now(), here.clock.now()))
    (span,) = here.kept.spans
    assert span.name == "reading"
    assert attributes(span)["error.type"] == "auth"


def test_a_fault_of_ours_after_a_good_answer_is_told(scene: Callable[..., Scene]) -> None:
    """The request went well and was left out by the ratio; the reading did not go well."""
    here = scene(ratio=0.0)
    with here.recording.reading("org-1") as trace:
        here.requests.request_ended("memberpulse", 0.1, None)
        trace.ended(reading("org-1", Failure.INVALID_RESPONSE, here.clock.now(), here.clock.now()))
    (span,) = here.kept.spans
    assert attributes(span)["error.type"] == "invalid_response"


def test_what_is_told_stands_as_an_exemplar_at_its_bucket(scene: Callable[..., Scene]) -> None:
    """With the ids of the span of the request; what is not told leaves none."""
    here = scene(ratio=0.0)
    here.read()
    assert here.exemplars() == []
    here.read(Failure.TIMEOUT)
    (line,) = here.exemplars()
    context = here.kept.named("GET /base/api/{organization_id}/status").context
    assert context is not None
    assert f'trace_id="{context.trace_id:032x}"' in line
    assert f'span_id="{context.span_id:016x}"' in line
    assert line.startswith('xero_exporter_request_duration_seconds_bucket{le="0.25",upstream="memberpulse"} 2.0 ')


def test_requests_are_counted_as_without_traces(scene: Callable[..., Scene]) -> None:
    """Told or not."""
    here = scene(ratio=0.0)
    here.read()
    here.read(Failure.TIMEOUT)
    here.requests.clock_skew(1.5)
    value = here.registry.get_sample_value
    assert value("xero_exporter_requests_total", {"upstream": "memberpulse"}) == 2
    labels = {"upstream": "memberpulse", "failure": "timeout"}
    assert value("xero_exporter_request_failures_total", labels) == 1
    assert value("xero_exporter_request_duration_seconds_sum", {"upstream": "memberpulse"}) == 0.5
    assert value("xero_exporter_platform_clock_skew_seconds") == 1.5


async def test_readings_side_by_side_keep_their_requests_apart(scene: Callable[..., Scene]) -> None:
    """Each request is told under the reading of its own task."""
    here = scene()

    async def read(name: str, failure: Failure | None) -> None:
        with here.recording.reading(name) as trace:
            await asyncio.sleep(0)
            here.requests.request_ended("memberpulse", 0.1, failure)
            await asyncio.sleep(0)
            trace.ended(reading(name, failure, here.clock.now(), here.clock.now(), 503 if failure else None))

    await asyncio.gather(*(read(f"org-{n}", Failure.SERVER_ERROR if n % 2 else None) for n in range(20)))
    wholes = {span_id(span): span for span in here.kept.spans if span.name == "reading"}
    calls = [span for span in here.kept.spans if span.name != "reading"]
    parents = [call.parent.span_id for call in calls if call.parent is not None]
    assert len(calls) == 20
    assert sorted(parents) == sorted(wholes)
    for call, parent in zip(calls, parents, strict=True):
        whole = wholes[parent]
        assert attributes(call).get("error.type") == attributes(whole).get("error.type")


async def test_a_reading_that_is_cancelled_is_not_told_and_leaves_nothing_behind(scene: Callable[..., Scene]) -> None:
    """A request after it, in the same task, is none of its own."""
    here = scene()
    with pytest.raises(asyncio.CancelledError), here.recording.reading("org-1"):
        raise asyncio.CancelledError
    here.requests.request_ended("memberpulse", 0.1, None)
    (span,) = here.kept.spans
    assert span.name.startswith("GET ")
    assert span.parent is None


def test_an_action_is_told_with_all_that_it_does_though_the_ratio_leaves_all_out(scene: Callable[..., Scene]) -> None:
    """The fresh reading and the request for a retry are parts of it."""
    here = scene(ratio=0.0)
    retry = here.recording.requests(here.metrics, Endpoint.of("POST", "https://app.example/{organization_id}/retry"))
    with here.recording.open("attempt", organization_id="org-1", kind="retry") as attempt:
        here.read()
        retry.request_ended("memberpulse", 0.2, None)
        attempt.say(outcome="accepted")
    whole = here.kept.named("attempt")
    assert attributes(whole) == {
        "xero_exporter.organization_id": "org-1",
        "xero_exporter.kind": "retry",
        "xero_exporter.outcome": "accepted",
    }
    assert here.kept.named("reading").parent == whole.context
    assert here.kept.named("POST /{organization_id}/retry").parent == whole.context
    here.read()
    assert len(here.kept.spans) == 4


def test_an_attempt_is_linked_to_what_asked_for_it(scene: Callable[..., Scene]) -> None:
    """By what the ledger keeps of the trigger: text, so a restart lies between for all we know."""
    before, after = scene(), scene()
    with before.recording.open("webhook") as webhook:
        kept = webhook.traceparent
    with after.recording.open("attempt", caused_by=(kept, "", "00-zz-zz-01", kept[:30])):
        pass
    trigger, attempt = before.kept.named("webhook"), after.kept.named("attempt")
    assert trigger.context is not None
    assert kept.startswith(f"00-{trigger.context.trace_id:032x}-{trigger.context.span_id:016x}-0")
    (link,) = attempt.links
    assert (link.context.trace_id, link.context.span_id) == (trigger.context.trace_id, trigger.context.span_id)
    assert attempt.parent is None


def test_what_comes_to_nothing_says_so_in_closed_words(scene: Callable[..., Scene]) -> None:
    """An exception by its class: its text can quote what somebody sent."""
    here = scene()
    with here.recording.open("attempt") as attempt:
        attempt.failed("rate_limited")
    with pytest.raises(ValueError, match="Mary"), here.recording.open("webhook"):
        raise ValueError("Mary Smith")
    said, broke = here.kept.named("attempt"), here.kept.named("webhook")
    assert attributes(said)["error.type"] == "rate_limited"
    assert attributes(broke)["error.type"] == "ValueError"
    assert broke.status.status_code is StatusCode.ERROR
    assert "Mary" not in broke.to_json()


def test_who_tells_is_said_by_the_conventions(scene: Callable[..., Scene]) -> None:
    """Name, version, and an id that no other process has."""
    here, there = scene(), scene()
    here.read()
    there.read()
    mine, theirs = here.kept.spans[0].resource.attributes, there.kept.spans[0].resource.attributes
    assert (mine["service.name"], mine["service.version"]) == ("xero-exporter", __version__)
    assert mine["service.instance.id"] != theirs["service.instance.id"]


def test_opentelemetrys_variables_say_otherwise(scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SERVICE_NAME beats the attributes, as it is written."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "xero-north")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,service.instance.id=pod-1,team=billing")
    here = scene()
    here.read()
    mine = here.kept.spans[0].resource.attributes
    assert [mine[name] for name in ("service.name", "service.instance.id", "team", "service.version")] == [
        "xero-north",
        "pod-1",
        "billing",
        __version__,
    ]


def test_what_opentelemetry_cannot_use_is_told_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It raises for some of its variables; the exporter has its work to do."""
    log = io.StringIO()
    logs.configure("info", "json", log)
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "s3cr3t")
    metrics = SelfMetrics(CollectorRegistry())
    traces = Traces("http://127.0.0.1:9/v1/traces")
    assert tracing_of(traces, metrics=metrics, clock=HandClock(), draw=lambda: 0.5) is None
    logs.configure("error", "json")
    assert '"event": "traces_broke"' in log.getvalue()
    assert "s3cr3t" not in log.getvalue()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/a/{organization_id}", Endpoint("GET", "127.0.0.1", 8080, "/a/{organization_id}")),
        ("https://app.example/{organization_id}?a=b", Endpoint("GET", "app.example", 443, "/{organization_id}")),
        ("http://[::1]/x", Endpoint("GET", "::1", 80, "/x")),
        ("http://app.example", Endpoint("GET", "app.example", 80, "/")),
    ],
)
def test_an_endpoint_is_what_the_conventions_ask_for(url: str, expected: Endpoint) -> None:
    """The port is told where the URL leaves it out, the query never."""
    assert Endpoint.of("GET", url) == expected
