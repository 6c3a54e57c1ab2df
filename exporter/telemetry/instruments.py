"""The instruments of declared families, on one registry: what is declared and what is measured cannot differ."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from exporter.model.family import Family
from exporter.telemetry.families import BUCKETS
from exporter.telemetry.gauges import OptionalGauge


class Instruments:
    """Makes the instrument of a family, by the family's name. `KeyError` for one that is not declared."""

    def __init__(self, families: Mapping[str, Family], registry: CollectorRegistry) -> None:
        """Makes none yet.

        Args:
            families: by the names under which they are asked for.
            registry: where they are registered.
        """
        self._families = families
        self._registry = registry

    def gauge(self, name: str) -> Gauge:
        """A gauge, with the family's labels."""
        family = self._families[name]
        return Gauge(family.name, family.help, family.label_names, registry=self._registry)

    def optional(self, name: str) -> OptionalGauge:
        """A gauge without labels that has no sample while nothing is known."""
        return OptionalGauge(self._families[name], self._registry)

    def counter(self, name: str) -> Counter:
        """A counter, with the family's labels."""
        family = self._families[name]
        return Counter(family.name, family.help, family.label_names, registry=self._registry)

    def histogram(self, name: str) -> Histogram:
        """A histogram, with the family's labels and buckets."""
        family, registry = self._families[name], self._registry
        return Histogram(family.name, family.help, family.label_names, buckets=BUCKETS[family.name], registry=registry)
