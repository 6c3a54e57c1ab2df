"""Pieces of PromQL that several panels are made of. Everything is of one job, and summed over its exporters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from alerts.queries import FRESH_COUNT, KNOWN_COUNT
from alerts.thresholds import DAY, HOUR, MINUTE, duration
from alerts.thresholds import SHIPPED as LIMITS

Word = TypeVar("Word", bound=StrEnum)

JOB: Final = 'job="$job"'
ONE: Final = f'{JOB}, organization_id="$organization_id", organization_id!=""'
"""One organisation: whose id stands in the text box. While nothing stands there, nobody: not what has no such label."""

EACH: Final = "job, organization_id"
"""By what organisations are told apart."""

RATE: Final = "[$__rate_interval]"
"""Over what a rate is taken: as Grafana finds it good for the range."""

FEW_ROWS: Final = 6
"""Rows of a small table: what fits without scrolling."""


LEAST: Final = 4.0
"""Seconds over which the growth of a counter can be told."""


@dataclass(frozen=True, slots=True)
class Spans:
    """The durations of queries, as Prometheus writes them.

    Attributes:
        moment: for which the begin of an alert is marked.
        deed: for which something that was done is marked.
        hour: over which is told who turned bad and who recovered.
        day: over which retries of the exporter are counted.
        budget: of a service level.
    """

    moment: str
    deed: str
    hour: str
    day: str
    budget: str

    @classmethod
    def scaled(cls, scale: float) -> Spans:
        """All of them divided by `scale`, for tests."""
        moment, *others = (duration(seconds / scale) for seconds in (5 * MINUTE, HOUR, DAY, 30 * DAY))
        # Whether a counter grew takes two samples, and tests take one a second.
        return cls(moment, duration(max(5 * MINUTE / scale, LEAST)), *others)


SHIPPED: Final = Spans.scaled(1)


def lines(*parts: str) -> str:
    """Lines of one expression."""
    return "\n".join(parts)


def coded(family: str, label: str, codes: Mapping[Word, int], over: str, *others: str) -> str:
    """A state as a number, for value mappings: the code of the word that is 1 now.

    Args:
        family: 0 or 1 for each word.
        label: that has the word.
        codes: the code of each word.
        over: the aggregation that several exporters come down to one by, such as ``min``.
        others: expressions of codes beside it.
    """
    parts = [f'({family}{{{JOB}, {label}="{word}"}} == 1) * {code}' for word, code in codes.items()]
    parts += others
    states = "\n  or ".join(parts)
    return f"{over} (\n  {states}\n)"


WITH_ISSUE: Final = f"count(count by (organization_id) (xero_issue{{{JOB}}}))"
"""How many organisations have an issue: each once, however many exporters tell of it; nothing where none has."""

JUDGED: Final = lines(
    "and on ()",
    f"sum({FRESH_COUNT}{{{JOB}}}) / (sum({KNOWN_COUNT}{{{JOB}}}) > 0) >= {LIMITS.enough_fresh}",
)
"""While nothing is known of most, nobody is counted as having an issue: a 0 would say that all is well."""


def age_of(family: str) -> str:
    """Seconds since an instant of the organisation in the text box."""
    return f"time() - max({family}{{{ONE}}})"
