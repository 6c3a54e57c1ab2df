"""Pieces of PromQL that several panels are made of. Everything is of one job, and summed over its exporters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from alerts.thresholds import DAY, HOUR, MINUTE, duration

Word = TypeVar("Word", bound=StrEnum)

JOB: Final = 'job="$job"'
ONE: Final = f'{JOB}, organization_id="$organization_id"'
"""One organisation: whose id stands in the text box."""


@dataclass(frozen=True, slots=True)
class Spans:
    """The durations of queries, as Prometheus writes them.

    Attributes:
        moment: for which the begin of an alert is marked.
        hour: over which is told who turned bad and who recovered.
        day: over which retries of the exporter are counted.
        budget: of a service level.
    """

    moment: str
    hour: str
    day: str
    budget: str

    @classmethod
    def scaled(cls, scale: float) -> Spans:
        """All of them divided by `scale`, for tests."""
        return cls(*(duration(seconds / scale) for seconds in (5 * MINUTE, HOUR, DAY, 30 * DAY)))


SHIPPED: Final = Spans.scaled(1)


def lines(*parts: str) -> str:
    """Lines of one expression."""
    return "\n".join(parts)


def coded(family: str, label: str, codes: Mapping[Word, int], over: str) -> str:
    """A state as a number, for value mappings: the code of the word that is 1 now.

    Args:
        family: 0 or 1 for each word.
        label: that has the word.
        codes: the code of each word.
        over: the aggregation that several exporters come down to one by, such as ``min``.
    """
    parts = [f'({family}{{{JOB}, {label}="{word}"}} == 1) * {code}' for word, code in codes.items()]
    states = "\n  or ".join(parts)
    return f"{over} (\n  {states}\n)"
