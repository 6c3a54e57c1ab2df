"""What becomes of spans on their way to the receiver: sent, or counted; and nobody waits for them."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from exporter import logs
from exporter.clock import SystemClock
from exporter.config.telemetry import Traces
from exporter.telemetry.exporting import MAX_ANSWER, Sending
from exporter.telemetry.metrics import SelfMetrics
from exporter.telemetry.recording import CLOSING, Recording
from tests.otlp import Receiver, receiver


class Scene:
    """A way to a receiver, and what is counted and logged on it."""

    def __init__(self, endpoint: str, queue: int, delay: float) -> None:
        self.log = io.StringIO()
        logs.configure("debug", "json", self.log)
        self.registry = CollectorRegistry()
        self.metrics = SelfMetrics(self.registry)
        self.sending = Sending(Traces(endpoint, queue=queue, delay=delay), self.metrics)
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(self.sending.processor)
        self.tracer = self.provider.get_tracer("test")

    def end(self, spans: int) -> None:
        """So many spans end."""
        for _ in range(spans):
            self.tracer.start_span("one").end()

    @property
    def sent(self) -> float:
        """Spans that the receiver took."""
        return self.registry.get_sample_value("xero_exporter_spans_exported_total") or 0.0

    def dropped(self, cause: str) -> float:
        """Spans that it did not get."""
        return self.registry.get_sample_value("xero_exporter_spans_dropped_total", {"cause": cause}) or 0.0

    @property
    def lines(self) -> list[dict[str, object]]:
        """Of the log, those about traces; others are a fault."""
        found = [json.loads(line) for line in self.log.getvalue().splitlines()]
        assert {line["event"] for line in found} <= {"traces_not_sent", "traces_sent_again", "traces_lost"}
        return found


@pytest.fixture
def here() -> Iterator[Receiver]:
    """A receiver."""
    with receiver() as received:
        yield received


@pytest.fixture
def scene() -> Iterator[Callable[..., Scene]]:
    """Makes scenes, and ends their threads."""
    scenes: list[Scene] = []

    def make(url: str, *, queue: int = 2048, delay: float = 0.02) -> Scene:
        scenes.append(Scene(f"{url}/v1/traces", queue, delay))
        return scenes[-1]

    yield make
    for one in scenes:
        one.sending.give_up()
        one.sending.processor.shutdown()
    logs.configure("error", "json")


def until(holds: Callable[[], object], within: float = 20.0) -> None:
    """Waits for it."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "did not come to hold"
        time.sleep(0.01)


def test_what_is_sent_is_counted(here: Receiver, scene: Callable[..., Scene]) -> None:
    """As OTLP, to the path that the address says."""
    there = scene(here.url)
    there.end(700)
    until(lambda: there.sent == 700)
    assert len(here.spans) == 700
    assert set(here.paths) == {"/v1/traces"}
    assert {headers["content-type"] for headers in here.headers} == {"application/x-protobuf"}
    assert there.sending.waiting == 0
    assert [there.dropped(cause) for cause in ("queue_full", "not_sent", "refused")] == [0, 0, 0]
    assert there.lines == []


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, "unexpected_status"),
        (401, "auth"),
        (403, "auth"),
        (404, "not_found"),
        (500, "server_error"),
        (302, "unexpected_status"),
    ],
)
def test_a_receiver_that_refuses_is_told_once_and_counted_each_time(
    here: Receiver, scene: Callable[..., Scene], status: int, failure: str
) -> None:
    """A redirect too: it is not followed, and OpenTelemetry calls it a success."""
    here.status = status
    here.body = b"Mary Smith, mary@example.org"
    there = scene(here.url)
    for expected in (1, 2, 3):
        there.end(1)
        until(lambda: there.dropped("not_sent") == expected)  # noqa: B023 - called within the turn
    (line,) = there.lines
    assert {name: line[name] for name in ("event", "level", "failure", "http_status")} == {
        "event": "traces_not_sent",
        "level": "warning",
        "failure": failure,
        "http_status": status,
    }
    here.status, here.body = 200, None
    there.end(1)
    until(lambda: there.sent == 1)
    assert [line["event"] for line in there.lines] == ["traces_not_sent", "traces_sent_again"]


def test_nothing_of_the_address_or_of_the_answer_is_logged(
    here: Receiver, scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address can hold a password, the headers a key, the answer anything."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cr3t-header")
    here.status, here.body = 403, b"s3cr3t-answer"
    there = scene(here.url.replace("//", "//user:s3cr3t-word@"))
    there.end(1)
    until(lambda: there.dropped("not_sent") == 1)
    assert here.headers[0]["api-key"] == "s3cr3t-header"
    assert here.headers[0]["authorization"].startswith("Basic ")
    assert "s3cr3t" not in there.log.getvalue()
    assert "127.0.0.1" not in there.log.getvalue()


def test_a_header_that_cannot_be_sent_is_counted_and_not_quoted(
    here: Receiver, scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are headers that OpenTelemetry cannot make sense of."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cr3t%0Aother,s3cr3t")
    there = scene(here.url)
    there.end(1)
    until(lambda: there.dropped("not_sent") == 1)
    assert "s3cr3t" not in there.log.getvalue()
    assert len(there.lines) == 1


def test_what_the_receiver_says_it_did_not_keep_is_counted(here: Receiver, scene: Callable[..., Scene]) -> None:
    """OTLP's partial success; never more than were sent."""
    here.refused = 2
    there = scene(here.url, delay=0.2)
    there.end(5)
    until(lambda: there.sent + there.dropped("refused") == 5)
    assert (there.sent, there.dropped("refused")) == (3, 2)
    here.refused = 1_000
    there.end(1)
    until(lambda: there.dropped("refused") == 3)
    assert there.sent == 3


@pytest.mark.parametrize("body", [b"<html>a proxy's page</html>", b"\xff" * 100, b"x" * (20 * MAX_ANSWER)])
def test_an_answer_that_makes_no_sense_is_a_success_all_the_same(
    here: Receiver, scene: Callable[..., Scene], body: bytes
) -> None:
    """Its status says so; of a long one only the beginning is taken in."""
    here.body = body
    there = scene(here.url)
    there.end(2)
    until(lambda: there.sent == 2)
    assert len(there.sending._answers._body) <= MAX_ANSWER


def test_while_the_receiver_is_slow_a_bounded_number_waits_and_the_rest_is_counted(
    here: Receiver, scene: Callable[..., Scene]
) -> None:
    """Nobody waits for it who ends a span; once it answers, those that waited arrive."""
    here.patient.clear()
    there = scene(here.url, queue=100)
    there.end(1)
    until(lambda: here.bodies)
    began = time.monotonic()
    there.end(1_000)
    assert time.monotonic() - began < 2.0
    assert there.dropped("queue_full") == 901
    assert there.sending.waiting == 100
    here.patient.set()
    until(lambda: there.sent == 100)
    assert there.sending.waiting == 0


def test_a_receiver_that_is_not_there_is_told_as_such(scene: Callable[..., Scene]) -> None:
    """Once it comes, what ends then arrives."""
    with receiver() as gone:
        port = int(gone.url.rpartition(":")[2])
    there = scene(gone.url)
    there.sending._otlp._client._timeout = 0.5
    there.end(3)
    until(lambda: there.dropped("not_sent") == 3)
    (line,) = there.lines
    assert (line["failure"], line["http_status"], line["error"]) == ("network", None, "ConnectionError")
    with receiver(port) as back:
        there.end(1)
        until(lambda: there.sent == 1)
        assert len(back.spans) == 1


def test_a_receiver_that_does_not_answer_in_time_is_told_as_such(
    here: Receiver, scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By OpenTelemetry's own limit."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.3")
    here.patient.clear()
    there = scene(here.url)
    there.end(1)
    until(lambda: there.dropped("not_sent") == 1)
    (line,) = there.lines
    assert (line["failure"], line["error"]) == ("timeout", "ReadTimeout")


async def closed(recording: Recording) -> float:
    """Closes, and returns the seconds that took and the longest that the loop stood still."""
    longest, ended = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not ended:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)

    watching = asyncio.ensure_future(watch())
    began = time.monotonic()
    await recording.aclose()
    took = time.monotonic() - began
    ended = True
    await watching
    assert longest < 1.0
    return took


def recording(there: Scene) -> Recording:
    """One on this way."""
    return Recording(there.sending, processor=there.sending.processor, ratio=1.0, clock=SystemClock(), draw=lambda: 0.5)


async def test_what_waits_at_the_end_is_sent(here: Receiver, scene: Callable[..., Scene]) -> None:
    """All of it, in more than one request."""
    there = scene(here.url, delay=500)
    told = recording(there)
    for _ in range(600):
        with told.open("one"):
            pass
    assert await closed(told) < CLOSING
    assert len(here.spans) == 600
    assert there.lines == []


@pytest.mark.parametrize("how", ["hangs", "is gone", "asks for patience"])
async def test_the_end_is_not_held_by_a_receiver(here: Receiver, scene: Callable[..., Scene], how: str) -> None:
    """Within `CLOSING` seconds, while the loop goes on; what is lost is said."""
    url = here.url
    if how == "hangs":
        here.patient.clear()
    elif how == "asks for patience":
        here.status = 503
    else:
        with receiver() as gone:
            url = gone.url
    there = scene(url, delay=500)
    told = recording(there)
    for _ in range(3):
        with told.open("one"):
            pass
    assert await closed(told) < CLOSING + 1.0
    assert [line["spans"] for line in there.lines if line["event"] == "traces_lost"] == [3]
    assert there.sent == 0
