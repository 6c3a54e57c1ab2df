"""The exporter's own metrics, read off its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

_FIRST: Final = "# HELP xero_exporter_build_info"
"""Where the exporter's own part begins; the fleet's, before it, has megabytes and is not parsed."""


def own_metrics(page: str) -> dict[str, float]:
    """Samples by name and label values: ``xero_exporter_requests_total{memberpulse}``."""
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page[page.index(_FIRST) :])
        for sample in family.samples
    }


def mean_lag(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Mean seconds that readings between two looks began late; 0 when there were none."""
    seconds = after["xero_exporter_poll_lag_seconds_sum"] - before.get("xero_exporter_poll_lag_seconds_sum", 0.0)
    readings = after["xero_exporter_poll_lag_seconds_count"] - before.get("xero_exporter_poll_lag_seconds_count", 0.0)
    return seconds / readings if readings else 0.0
