"""Whether traces are sent, and how: the key of the configuration, and OpenTelemetry's own variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.changes import restart_only
from exporter.config.schema import Config
from exporter.config.telemetry import DELAY, QUEUE, RATIO, Telemetry, Traces, traces_of

BASE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
OFF = Telemetry()
ON = Telemetry(otlp_endpoint="https://collector.example/otlp")


def test_without_an_address_there_are_no_traces() -> None:
    """Whatever else is said of them."""
    environ = {"OTEL_TRACES_SAMPLER_ARG": "0.5", "OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_HEADERS": "a=b"}
    assert traces_of(OFF, environ) == (None, ())


def test_the_key_names_the_receiver() -> None:
    """And beats OpenTelemetry's variables, whose protocol then does not matter."""
    expected = Traces("https://collector.example/otlp/v1/traces", RATIO, QUEUE)
    assert traces_of(ON, {}) == (expected, ())
    assert traces_of(ON, BASE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}) == (expected, ())


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        (BASE, "http://collector:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " http://collector:4318/ "}, "http://collector:4318/v1/traces"),
        (BASE | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://other/take"}, "https://other/take"),
        (BASE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http://collector:4318/v1/traces"),
        (
            BASE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
            "http://collector:4318/v1/traces",
        ),
    ],
)
def test_opentelemetrys_variables_name_the_receiver_too(environ: dict[str, str], endpoint: str) -> None:
    """The one for all signals gets the path of traces, the one for traces stands as it is."""
    traces, problems = traces_of(OFF, environ)
    assert traces is not None
    assert traces.endpoint == endpoint
    assert problems == ()


@pytest.mark.parametrize("switch", [{"OTEL_SDK_DISABLED": "True"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_opentelemetrys_switches_turn_traces_off(switch: dict[str, str]) -> None:
    """Without a word: somebody wanted it."""
    assert traces_of(OFF, BASE | switch) == (None, ())


def test_the_switch_for_everything_beats_the_key() -> None:
    """An operator's last word, for every process of a machine."""
    assert traces_of(ON, {"OTEL_SDK_DISABLED": "true"}) == (None, ())
    assert traces_of(ON, {"OTEL_SDK_DISABLED": "false"})[0] is not None


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[s3cr3t"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://u:s3cr3t@host:99999"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        (BASE | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "ftp://u:s3cr3t@h"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        (BASE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (BASE | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
    ],
)
def test_where_the_address_is_in_doubt_nothing_is_sent_and_the_variable_is_named(
    environ: dict[str, str], named: str
) -> None:
    """Never with its value: it may hold a password."""
    traces, (problem,) = traces_of(OFF, environ)
    assert traces is None
    assert problem.startswith(f"{named}: ")
    assert "s3cr3t" not in problem


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio"),
    [
        ("", "", RATIO),
        ("", "0.25", 0.25),
        ("traceidratio", "0", 0.0),
        ("traceidratio", "", RATIO),
        ("parentbased_traceidratio", "1e-3", 0.001),
        ("always_off", "0.5", 0.0),
        ("always_on", "0.5", 1.0),
        ("parentbased_always_on", "", 1.0),
    ],
)
def test_the_sampler_is_the_ratio_of_what_went_well(sampler: str, argument: str, ratio: float) -> None:
    """By OpenTelemetry's names."""
    environ = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}
    traces, problems = traces_of(ON, environ)
    assert traces is not None
    assert (traces.ratio, problems) == (ratio, ())


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OTEL_TRACES_SAMPLER_ARG": "1.5"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_TRACES_SAMPLER_ARG": "-0.1"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_TRACES_SAMPLER_ARG": "nan"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_TRACES_SAMPLER_ARG": "half"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_TRACES_SAMPLER": "jaeger_remote"}, "OTEL_TRACES_SAMPLER"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "OTEL_BSP_MAX_QUEUE_SIZE"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "many"}, "OTEL_BSP_MAX_QUEUE_SIZE"),
        ({"OTEL_BSP_SCHEDULE_DELAY": "0"}, "OTEL_BSP_SCHEDULE_DELAY"),
    ],
)
def test_in_place_of_what_cannot_be_used_the_default_counts(environ: dict[str, str], named: str) -> None:
    """And the variable is named."""
    traces, (problem,) = traces_of(ON, environ)
    assert traces is not None
    assert (traces.ratio, traces.queue, traces.delay) == (RATIO, QUEUE, DELAY)
    assert problem.startswith(f"{named}: ")


@given(name=st.sampled_from(["ENDPOINT", "TRACES_ENDPOINT", "PROTOCOL", "HEADERS"]), value=st.text(min_size=1))
def test_no_variable_breaks_it_or_is_quoted(name: str, value: str) -> None:
    """Whatever stands in one."""
    marked = f"{value}s3cr3t"
    _, problems = traces_of(OFF, BASE | {f"OTEL_EXPORTER_OTLP_{name}": marked})
    assert not any("s3cr3t" in problem for problem in problems)


def test_the_address_is_not_shown() -> None:
    """It may hold a password."""
    assert "s3cr3t" not in repr(Traces("http://u:s3cr3t@host/v1/traces"))


def test_only_a_restart_changes_it() -> None:
    """Every part that asks is built with it."""
    (fault,) = restart_only(["telemetry.otlp_endpoint"])
    assert fault.where == "telemetry.otlp_endpoint"
    assert "telemetry" in Config.model_fields
