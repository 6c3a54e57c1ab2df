"""Accept decides the format and Accept-Encoding whether it is compressed; whatever they say, there is an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.expose.exposition import Encoding, Format
from exporter.expose.negotiation import encoding_for, format_for

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
    assert format_for(accept) is Format.OPENMETRICS


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
    assert format_for(accept) is Format.TEXT


@given(st.text())
def test_no_header_breaks_it(accept: str) -> None:
    """Any text at all gives a format."""
    assert format_for(accept) in Format


@given(st.text(alphabet="openmtricsap/x-;=q01. ,*vl\"'", max_size=80))
def test_no_header_that_is_almost_one_breaks_it(accept: str) -> None:
    """Neither does what is made of the characters of a real one."""
    assert format_for(accept) in Format


def test_content_types_are_those_of_the_formats() -> None:
    """Prometheus decides by them how to parse."""
    assert Format.TEXT.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert Format.OPENMETRICS.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    "accept_encoding",
    [
        "gzip",
        "GZIP",
        "x-gzip",
        "gzip, deflate",
        "gzip, deflate, br, zstd",
        "deflate, gzip;q=1.0, *;q=0.5",
        "br;q=1.0, gzip;q=0.2",
        "gzip;q=0.001",
        "*",
        "*;q=0.1",
        "identity;q=0.5, *",
        "gzip;q=0.5, identity;q=0.5",
        "gzip , identity;q=0",
        "identity;q=0, *;q=0.5",
        "br, gzip ; q=0.8",
    ],
)
def test_gzip_is_given_to_whoever_wants_it(accept_encoding: str) -> None:
    """By either of its names or by the star, and with a weight not below that of identity."""
    assert encoding_for(accept_encoding) is Encoding.GZIP


@pytest.mark.parametrize(
    "accept_encoding",
    [
        None,
        "",
        "identity",
        "deflate, br, zstd",
        "gzip;q=0",
        "gzip;q=0.000",
        "*;q=0",
        "gzip;q=0, *",
        "gzip;q=0, x-gzip",
        "identity, gzip;q=0.9",
        "identity, *;q=0.5",
        "*, gzip;q=0.5",
        "identity;q=0, gzip;q=0",
        "gzip;q=nan",
        "gzip;q=2",
        "gzip;q=-1",
        "gzip;q=",
        "gzipped",
        "not gzip",
        ",;,=;q=,",
    ],
)
def test_everybody_else_gets_the_plain_page(accept_encoding: str | None) -> None:
    """Those who cannot read it, refuse it, like identity more, or say what makes no sense."""
    assert encoding_for(accept_encoding) is Encoding.IDENTITY


@given(st.text() | st.text(alphabet="gzipx-dentyq=01. ,*;\"'", max_size=60))
def test_no_accept_encoding_breaks_it(accept_encoding: str) -> None:
    """Any text at all gives an encoding."""
    assert encoding_for(accept_encoding) in Encoding
