"""The Accept header decides the format; whatever it says, there is an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.expose.exposition import Format, negotiate

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_OLD = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_HISTOGRAMS = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROMETHEUS_TEXT_ONLY = "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


@pytest.mark.parametrize(
    "accept",
    [
        PROMETHEUS_2,
        PROMETHEUS_3,
        PROMETHEUS_3_HISTOGRAMS,
        "application/openmetrics-text",
        "APPLICATION/OpenMetrics-Text ; Version=1.0.0",
        'application/openmetrics-text; version="1.0.0"',
        "text/plain;q=0.5, application/openmetrics-text;q=0.5",
        "text/*;q=0.9, text/plain;q=0.1, application/openmetrics-text;q=0.2",
    ],
)
def test_openmetrics_is_given_to_whoever_asks_for_it(accept: str) -> None:
    """By name, in version 1.0.0 or none, and with a weight not below that of text."""
    assert negotiate(accept) is Format.OPENMETRICS


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        PROMETHEUS_TEXT_ONLY,
        PROMETHEUS_2_OLD,
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=0, */*;q=0",
        "application/openmetrics-text;q=0.4, text/plain;q=0.5",
        "application/openmetrics-text;q=0.4, */*",
        "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=1e3",
        "application/openmetrics-text;q=1.001",
        "application/openmetrics-text-not",
        ",;,=;q=,",
    ],
)
def test_everybody_else_gets_text(accept: str | None) -> None:
    """Browsers, curl, older formats, refusals, and what makes no sense."""
    assert negotiate(accept) is Format.TEXT


@given(st.text())
def test_no_header_breaks_it(accept: str) -> None:
    """Any text at all gives a format."""
    assert negotiate(accept) in Format


@given(st.text(alphabet="openmtricsap/x-;=q01. ,*vl\"'", max_size=80))
def test_no_header_that_is_almost_one_breaks_it(accept: str) -> None:
    """Neither does what is made of the characters of a real one."""
    assert negotiate(accept) in Format


def test_content_types_are_those_of_the_formats() -> None:
    """Prometheus decides by them how to parse."""
    assert Format.TEXT.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert Format.OPENMETRICS.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
