"""The metrics and labels that a dashboard may name: the exporter's catalogue, the rules, and Prometheus' own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from alerts.entries import Record
from alerts.table import all_alerts, rule_files
from exporter.expose.catalogue import FLEET_FAMILIES, organization_families
from exporter.model.family import Family, Kind
from exporter.telemetry.families import FAMILIES

TARGET: Final = frozenset({"job", "instance"})
"""The labels that Prometheus gives to all that it scrapes."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a metric.

    Attributes:
        labels: the names of its labels.
        counts: whether it is a counter, so that only its rate means anything.
    """

    labels: frozenset[str]
    counts: bool = False


def known_metrics() -> Mapping[str, Metric]:
    """Every metric by its name."""
    told = [entry.family for entry in organization_families(names=True)] + [entry.family for entry in FLEET_FAMILIES]
    scraped = {name: metric for family in (*told, *FAMILIES) for name, metric in _of(family)}
    return {**scraped, **_recorded(), **_of_prometheus()}


def _of(family: Family) -> Iterator[tuple[str, Metric]]:
    labels = TARGET | set(family.label_names)
    if family.kind is Kind.HISTOGRAM:
        yield f"{family.name}_bucket", Metric(labels | {"le"}, counts=True)
        yield f"{family.name}_sum", Metric(labels, counts=True)
        yield f"{family.name}_count", Metric(labels, counts=True)
    else:
        yield family.name, Metric(labels, counts=family.kind is Kind.COUNTER)


def _recorded() -> Mapping[str, Metric]:
    """The series of recording rules; what stands before the colon names their labels."""
    names = {"organization": "organization_id"}
    records = [rule for file in rule_files() for group in file.groups for rule in group.rules]
    return {
        record.name: Metric(frozenset(names.get(word, word) for word in record.name.partition(":")[0].split("_")))
        for record in records
        if isinstance(record, Record)
    }


def _of_prometheus() -> Mapping[str, Metric]:
    added = {label for alert in all_alerts() for label in alert.labels}
    alerts = frozenset({"alertname", "job", "organization_id", "source", "token"} | added)
    return {
        "ALERTS": Metric(alerts | {"alertstate"}),
        "ALERTS_FOR_STATE": Metric(alerts),
        "up": Metric(TARGET),
        "scrape_duration_seconds": Metric(TARGET),
        "process_resident_memory_bytes": Metric(TARGET),
        "process_start_time_seconds": Metric(TARGET),
        "process_cpu_seconds_total": Metric(TARGET, counts=True),
    }
