"""What a metric family is, as data: rendering, documentation and checks all come from these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The type of a family, as the exposition formats write it."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Stability(StrEnum):
    """What a user may count on."""

    STABLE = "stable"
    """Name, labels and meaning change only with a new major version."""
    EXPERIMENTAL = "experimental"
    """May change in any release; the changelog says so."""


class Group(StrEnum):
    """What a family is about, in the order of the documentation."""

    ORGANIZATION = "organization"
    FLEET = "fleet"
    EXPORTER = "exporter"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family.

    Attributes:
        name: the full name, unit included; a counter's ends in ``_total``.
        kind: gauge, counter or histogram.
        help: one sentence for people; says when values are polled and cached.
        labels: label name -> what its values are; the closed list where there is one.
        group: what it is about.
        stability: what a user may count on.
        absent: when there is no sample; empty when there always is one.
        series: how many series it can give, for whoever pays for them, such as ``1 per organisation``.
    """

    name: str
    kind: Kind
    help: str
    group: Group
    labels: tuple[tuple[str, str], ...] = ()
    stability: Stability = Stability.STABLE
    absent: str = ""
    series: str = "1"

    @property
    def label_names(self) -> tuple[str, ...]:
        """The label names in order."""
        return tuple(name for name, _ in self.labels)
