"""Gauges whose samples can go: prometheus_client's own always have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.model.family import Family


class OptionalGauge(Collector):
    """A gauge without labels that may have no sample."""

    def __init__(self, family: Family, registry: CollectorRegistry) -> None:
        self._family = family
        self._value: float | None = None
        registry.register(self)

    def set(self, value: float | None) -> None:
        """Sets the value; None takes the sample away."""
        self._value = value

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The family without samples, from which the registry learns the name."""
        yield GaugeMetricFamily(self._family.name, self._family.help)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The family with its sample, if there is one."""
        yield GaugeMetricFamily(self._family.name, self._family.help, value=self._value)


class WholeGauge:
    """A gauge with one label, all of whose samples are set together: what is not named has none any more."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._named: frozenset[str] = frozenset()

    def set(self, values: Mapping[str, float]) -> None:
        """Sets every sample, by the value of the label."""
        for gone in self._named - values.keys():
            self._gauge.remove(gone)
        self._named = frozenset(values)
        for name, value in values.items():
            self._gauge.labels(name).set(value)
