"""The exporter's own metrics are written byte for byte as prometheus_client writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.expose.own import OwnMetrics
from exporter.model.words import Failure
from exporter.telemetry.metrics import SelfMetrics

THEIRS: dict[bool, Callable[[CollectorRegistry], bytes]] = {True: generate_openmetrics, False: generate_latest}

numbers = st.floats() | st.integers(-(2**70), 2**70) | st.sampled_from([0, 1, 1e6, 999999.5, 1e21, -1e9, 1.76e9])


class Once(CollectorRegistry):
    """What a registry gave at one moment: the process' own figures move between two collections."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(auto_describe=False)
        self._given = list(registry.collect())

    def collect(self) -> Iterator[Metric]:
        """The same each time."""
        return iter(self._given)


@pytest.mark.parametrize("openmetrics", [False, True])
def test_all_that_the_exporter_says_of_itself_is_as_the_library_writes_it(*, openmetrics: bool) -> None:
    """Every family, with labels and without, those of the process and of Python too, at first and later."""
    registry = CollectorRegistry(auto_describe=False)
    metrics = SelfMetrics(registry)
    fixed = Once(registry)
    assert OwnMetrics(fixed).lines(openmetrics=openmetrics) == THEIRS[openmetrics](fixed)
    metrics.set_limits(60, 300)
    metrics.request_ended("memberpulse", 0.2, Failure.TIMEOUT)
    metrics.request_ended("memberpulse", 0.02, None, {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00"})
    metrics.token_files_stand({'web/"a" \\ b': True})
    metrics.scraped("openmetrics", "gzip", 3_000_000, 0.004)
    metrics.auth_ok(ok=True)
    metrics.paused_until(1.76e9)
    fixed = Once(registry)
    assert OwnMetrics(fixed).lines(openmetrics=openmetrics) == THEIRS[openmetrics](fixed)


@pytest.mark.parametrize("openmetrics", [False, True])
@given(values=st.lists(st.tuples(st.text(), numbers), min_size=1, max_size=5))
def test_any_value_and_any_label_is_as_the_library_writes_it(
    *, openmetrics: bool, values: list[tuple[str, float]]
) -> None:
    """Also the values that are not finite, and labels with quotes, backslashes and newlines."""
    registry = CollectorRegistry(auto_describe=False)
    gauge = Gauge("xero_one", "One.", ["label", "another"], registry=registry)
    histogram = Histogram("xero_two", "Two.", buckets=(0.5, 1, 10), registry=registry)
    counter = Counter("xero_three_total", "Three.", ["label"], registry=registry)
    ours = OwnMetrics(registry)
    for label, value in values:
        gauge.labels(label, "x").set(value)
        histogram.observe(value)
        counter.labels(label).inc(abs(value) if value == value else 1)  # noqa: PLR0124 - false for what is not a number
        assert ours.lines(openmetrics=openmetrics) == THEIRS[openmetrics](registry)


def test_a_trace_stands_at_its_bucket_in_openmetrics_and_nowhere_in_the_text_format() -> None:
    """The text format has no exemplars: a scraper that does not ask for OpenMetrics would refuse the page."""
    registry = CollectorRegistry(auto_describe=False)
    metrics = SelfMetrics(registry)
    metrics.request_ended("memberpulse", 0.03, None, {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"})
    ours = OwnMetrics(registry)
    (line,) = [line for line in ours.lines(openmetrics=True).decode().splitlines() if "trace_id" in line]
    assert line.startswith(
        'xero_exporter_request_duration_seconds_bucket{le="0.05",upstream="memberpulse"} 1.0 '
        '# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.03 '
    )
    assert b"trace_id" not in ours.lines(openmetrics=False)


def test_a_sample_that_goes_away_is_gone() -> None:
    """Its name is remembered, its value is not."""
    registry = CollectorRegistry(auto_describe=False)
    metrics = SelfMetrics(registry)
    ours = OwnMetrics(registry)
    metrics.auth_ok(ok=True)
    assert b"\nxero_exporter_platform_auth_ok 1.0\n" in ours.lines(openmetrics=False)
    metrics.auth_ok(None)
    assert b"\nxero_exporter_platform_auth_ok " not in ours.lines(openmetrics=False)
