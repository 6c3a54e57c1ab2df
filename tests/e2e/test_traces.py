"""The real exporter tells its readings to a receiver of OTLP; without one it loads nothing that could."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from exporter import __version__
from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.world import SimulatedOrganization
from tests.e2e.processes import eventually, exporter, free_port, get, platform
from tests.otlp import Received, Receiver, receiver

TOKEN = "canary-traces-admin-token"
NAME = "Canary Rowing Club"
TEMPLATE = "/api/admin/integrations/xero/{organization_id}/status"
CALL = f"GET {TEMPLATE}"
FLEET = tuple(
    SimulatedOrganization(f"org-{number}", NAME, f"5f4e2c1a-0b7d-4c53-9a51-6c1f0f5f2a1{number}", script, 60)
    for number, script in enumerate(["healthy", "healthy", "duplicate_contacts", "healthy", "healthy"])
)
"""One has error texts with names and addresses; the last two are made to fail."""
BROKEN = {"org-3": ("server_error", 500), "org-4": ("timeout", None)}
ENVIRONMENT = {"OTEL_BSP_SCHEDULE_DELAY": "200"}


@contextmanager
def watched(folder: Path, lines: str = "", **environment: str) -> Iterator[tuple[str, subprocess.Popen[str], int]]:
    """`serve` on the fleet, each organisation once in two seconds: its URL, its process, the platform's port."""
    with platform(folder, FLEET, token=TOKEN) as simulator:
        simulator.world.override("org-3", Answer(500, body=b"canary-body of Mary, mary@canary.example"))
        simulator.world.override("org-4", Misbehaviour.HANG)
        config = (
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 1s}}\n"
            f"organizations: {{file: organizations.yml}}\npoll: {{interval: 2s, stale_after: 6s}}\n{lines}"
        )
        with exporter(folder, config, ENVIRONMENT | environment) as (url, process):
            yield url, process, int(simulator.url.rpartition(":")[2])


@pytest.fixture
def here() -> Iterator[Receiver]:
    """A receiver that takes what is sent."""
    with receiver() as received:
        yield received


def organization(span: Received) -> object:
    """Of which a reading tells."""
    return span.attributes["xero_exporter.organization_id"]


def own(url: str, name: str) -> float:
    """The value of one of the exporter's own samples, its labels included in the name."""
    found = re.search(rf"^{re.escape(name)} (.*)$", get(f"{url}/metrics"), re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def fresh(url: str) -> float:
    """How many organisations are fresh."""
    return own(url, 'xero_organizations{freshness="fresh"}')


def loaded(process: subprocess.Popen[str]) -> bool:
    """Whether a process has loaded what spans are written with: protobuf's extension is in its memory then."""
    return "/google/_upb/" in Path(f"/proc/{process.pid}/maps").read_text()


def ended(process: subprocess.Popen[str]) -> float:
    """Seconds that it takes to end well."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=25) == 0
    return time.monotonic() - began


def test_every_reading_and_its_request_arrive_and_say_who_and_how_it_went(tmp_path: Path, here: Receiver) -> None:
    """By the key of the configuration: two spans of one trace for each, by the conventions."""
    with watched(tmp_path, f"telemetry: {{otlp_endpoint: '{here.url}'}}") as (url, process, port):
        eventually(lambda: {organization(one) for one in here.named("reading")} == {one.id for one in FLEET})
        eventually(lambda: own(url, "xero_exporter_spans_exported_total"))
        assert loaded(process)
        assert ended(process) < 10
    readings = {(one.span.trace_id, one.span.span_id): one for one in here.named("reading")}
    calls = here.named("GET ")
    assert len(readings) == len(calls)
    assert set(here.paths) == {"/v1/traces"}
    for call in calls:
        reading = readings[call.span.trace_id, call.span.parent_span_id]
        failure, status = BROKEN.get(str(organization(reading)), (None, 200))
        expected = {
            "http.request.method": "GET",
            "server.address": "127.0.0.1",
            "server.port": port,
            "url.template": TEMPLATE,
        }
        expected |= {} if status is None else {"http.response.status_code": status}
        failed = {} if failure is None else {"error.type": failure}
        assert call.name == CALL
        assert call.attributes == expected | failed
        assert reading.attributes == {"xero_exporter.organization_id": organization(reading)} | failed
        assert (call.span.kind, reading.span.kind) == (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL)
        code = Status.STATUS_CODE_UNSET if failure is None else Status.STATUS_CODE_ERROR
        assert {call.span.status.code, reading.span.status.code} == {code}
        assert 0 < call.seconds <= reading.seconds + 1e-5 < 5
        assert abs(reading.span.end_time_unix_nano / 1e9 - time.time()) < 120
        assert reading.scope == "xero-exporter"
        resource = reading.resource
        assert (resource["service.name"], resource["service.version"]) == ("xero-exporter", __version__)
        assert resource["telemetry.sdk.name"] == "opentelemetry"
    assert all(0.9 < one.seconds < 3 for one in readings.values() if organization(one) == "org-4")
    assert len({one.resource["service.instance.id"] for one in here.spans}) == 1


def test_nothing_secret_or_personal_is_in_what_is_sent(tmp_path: Path, here: Receiver) -> None:
    """In no byte of any request: no name, text, tenant, token, and of a query in the path nothing."""
    query = f"XERO_EXPORTER_PLATFORM__PATHS__STATUS={TEMPLATE}?key=canary-query".partition("=")
    environment = {
        query[0]: query[2],
        "OTEL_EXPORTER_OTLP_ENDPOINT": here.url,
        # By this, FastAPI would send requests and exceptions with their texts, were that not turned off.
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    }
    with watched(tmp_path, **environment) as (url, process, _):
        get(f"{url}/api/v1/organizations?search=canary-search")
        with pytest.raises(urllib.error.HTTPError):
            get(f"{url}/api/v1/organizations?limit=canary-limit")
        eventually(lambda: {organization(one) for one in here.named("reading")} == {one.id for one in FLEET})
        ended(process)
    assert set(here.paths) == {"/v1/traces"}
    assert {one.scope for one in here.spans} == {"xero-exporter"}
    sent = b"".join(here.bodies).lower()
    for word in (b"canary", NAME.lower().encode(), b"mary", b"5f4e2c1a", b"bearer", b"duplicate"):
        assert word not in sent
    assert b"org-2" in sent


@pytest.mark.verify
def test_opentelemetrys_variables_turn_it_on_and_failures_beat_the_ratio(tmp_path: Path, here: Receiver) -> None:
    """Of what went well nothing is told at ratio 0, of what failed everything; and the page leads to it."""
    environment = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{here.url}/take/these",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=canary-key",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0",
        "OTEL_SERVICE_NAME": "xero-north",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
    }
    with watched(tmp_path, **environment) as (url, process, _):
        eventually(lambda: len(here.named("reading")) > 4)
        request = urllib.request.Request(f"{url}/metrics", headers={"Accept": "application/openmetrics-text"})  # noqa: S310 - our own URL
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            page = answer.read().decode()
        assert "trace_id" not in get(f"{url}/metrics")
        exemplars = re.findall(r'request_duration_seconds_bucket\{.*\} .* # \{span_id="(\w+)",trace_id="(\w+)"\}', page)
        assert exemplars
        eventually(lambda: {span for span, _ in exemplars} <= {one.span.span_id.hex() for one in tuple(here.spans)})
        ended(process)
    assert {organization(one) for one in here.named("reading")} == set(BROKEN)
    assert {one.span.trace_id.hex() for one in here.spans} >= {trace for _, trace in exemplars}
    assert set(here.paths) == {"/take/these"}
    assert {headers["api-key"] for headers in here.headers} == {"canary-key"}
    for one in here.spans:
        assert one.resource["service.name"] == "xero-north"
        assert one.resource["deployment.environment.name"] == "test"
    assert "canary-key" not in (tmp_path / "exporter.log").read_text()


@pytest.mark.parametrize("how", ["is gone", "hangs", "refuses", "asks for patience"])
def test_whatever_the_receiver_does_polling_goes_on_and_the_end_comes_in_time(
    tmp_path: Path, here: Receiver, how: str
) -> None:
    """What is lost is counted, and said once in our words."""
    url = here.url
    if how == "is gone":
        url = f"http://127.0.0.1:{free_port()}"
    elif how == "hangs":
        here.patient.clear()
    else:
        here.status = 401 if how == "refuses" else 503
    endpoint = url.replace("//", "//user:canary-word@")
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2",
        "OTEL_BSP_MAX_QUEUE_SIZE": "5",
    }
    with watched(tmp_path, **environment) as (exporter_url, process, _):
        eventually(lambda: fresh(exporter_url) == 3)
        cause = "not_sent"
        eventually(lambda: own(exporter_url, f'xero_exporter_spans_dropped_total{{cause="{cause}"}}') > 0)
        before = own(exporter_url, 'xero_exporter_requests_total{upstream="memberpulse"}')
        eventually(lambda: own(exporter_url, 'xero_exporter_requests_total{upstream="memberpulse"}') > before + 5)
        if how == "hangs":
            eventually(lambda: own(exporter_url, 'xero_exporter_spans_dropped_total{cause="queue_full"}') > 0)
        assert fresh(exporter_url) == 3
        assert own(exporter_url, "xero_exporter_poll_lag_seconds_count") > 0
        assert own(exporter_url, "xero_exporter_ticks_missed_total") <= 1
        assert ended(process) < 10
    log = (tmp_path / "exporter.log").read_text()
    assert "canary-word" not in log
    lines = [json.loads(line) for line in log.splitlines()]
    (told,) = [line for line in lines if line["event"] == "traces_not_sent"]
    expected = {"is gone": "network", "hangs": "timeout", "refuses": "auth", "asks for patience": "server_error"}
    assert told["failure"] == expected[how]
    assert lines[-1]["event"] == "stopped"


@pytest.mark.parametrize("environment", [{}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}])
def test_without_traces_nothing_of_them_is_loaded(tmp_path: Path, here: Receiver, environment: dict[str, str]) -> None:
    """Nor is anything sent; a variable that cannot be used is named."""
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": here.url, **environment} if environment else {}
    with watched(tmp_path, **given) as (url, process, _):
        eventually(lambda: fresh(url) == 3)
        assert not loaded(process)
        page = get(f"{url}/metrics")
        ended(process)
    assert here.bodies == []
    assert 'xero_exporter_spans_dropped_total{cause="queue_full"} 0.0' in page
    named = "OTEL_EXPORTER_OTLP_PROTOCOL: " in (tmp_path / "exporter.log").read_text()
    assert named is ("OTEL_EXPORTER_OTLP_PROTOCOL" in environment)


def test_no_command_loads_what_sends_traces() -> None:
    """Importing all that `serve` is built of, and building an exporter, brings none of it."""
    script = """
import asyncio, sys
import exporter.cli.main, exporter.cli.serving
from exporter.app import Exporter
from exporter.clock import SystemClock
from exporter.config.schema import Config

async def build():
    Exporter(Config.model_validate({"platform": {"url": "http://127.0.0.1:9", "token": "x"},
        "organizations": {"static": [{"id": "org-1"}]}}), clock=SystemClock(), draw=lambda: 0.5)

asyncio.run(build())
# FastAPI loads OpenTelemetry's API by itself: what makes and sends spans is the rest of it.
heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "requests", "exporter.telemetry.recording")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
