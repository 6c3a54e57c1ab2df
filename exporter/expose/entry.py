"""One entry of the catalogue: what a family is, and how its samples follow from what is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from exporter.model.facts import OrganizationState, Snapshot
from exporter.model.family import Family, Group, Kind, Stability

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""The values of the family's labels, in their order, without ``organization_id``; and the finite value."""

ORGANIZATION_LABEL: Final = ("organization_id", "the platform's own id of the organisation")
"""The first label of every family of the organisations, and the only one that tells them apart."""

POLLED: Final = " (polled and cached)"
"""What the help of a family adds whose values somebody else said, some time ago."""

NONE: Final[tuple[Sample, ...]] = ()
"""Nothing is known."""

YES: Final[tuple[Sample, ...]] = (((), 1),)
NO: Final[tuple[Sample, ...]] = (((), 0),)

_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class OrganizationFamily:
    """A family with samples for each organisation.

    Attributes:
        family: what it is; its labels begin with `ORGANIZATION_LABEL`.
        samples: its samples for one state. Pure.
        closed: whether all other label values come from closed lists, so that their text can be kept for ever.
        source: an object from which alone the samples follow: where it is the very same, they are. What `samples`
            returns is one, wherever it is kept and not made anew.
    """

    family: Family
    samples: Callable[[OrganizationState], Sequence[Sample]]
    closed: bool
    source: Callable[[OrganizationState], object]


@dataclass(frozen=True, slots=True)
class FleetFamily:
    """A family about all organisations together.

    Attributes:
        family: what it is.
        samples: its samples for one snapshot. Pure.
    """

    family: Family
    samples: Callable[[Snapshot], Sequence[Sample]]


def organization_entry(
    samples: Callable[[OrganizationState], Sequence[Sample]],
    name: str,
    meaning: str,
    *labels: tuple[str, str],
    absent: str = "",
    series: str = "1 per organisation",
    closed: bool = True,
    source: Callable[[OrganizationState], object] | None = None,
    stability: Stability = Stability.STABLE,
) -> OrganizationFamily:
    """A gauge with samples for each organisation; the arguments are those of `Family` and `OrganizationFamily`."""
    family = Family(
        name=name,
        kind=Kind.GAUGE,
        help=meaning,
        group=Group.ORGANIZATION,
        labels=(ORGANIZATION_LABEL, *labels),
        stability=stability,
        absent=absent,
        series=series,
    )
    return OrganizationFamily(family=family, samples=samples, closed=closed, source=source or samples)


def fleet_entry(
    samples: Callable[[Snapshot], Sequence[Sample]],
    name: str,
    meaning: str,
    *labels: tuple[str, str],
    absent: str = "before the first roster",
    series: str = "1",
) -> FleetFamily:
    """A gauge about all organisations together; the arguments are those of `Family`."""
    family = Family(
        name=name, kind=Kind.GAUGE, help=meaning, group=Group.FLEET, labels=labels, absent=absent, series=series
    )
    return FleetFamily(family=family, samples=samples)


def either(value: bool | None) -> Sequence[Sample]:  # noqa: FBT001 - the value itself
    """The sample of what is so (1), is not so (0), or is not known (none)."""
    if value is None:
        return NONE
    return YES if value else NO


def listed(words: Sequence[str]) -> str:
    """The values of a label, for its documentation."""
    return ", ".join(f"`{word}`" for word in words)


def shown(text: str) -> str:
    """A configured text as it may stand in a label or a document: any language, but nothing that is not text.

    Control characters, bidirectional overrides and lone surrogates (which UTF-8 cannot hold) become U+FFFD.
    `redact.printable` is stricter, for foreign texts: it would also take the joiners of Persian and the wide spaces
    of Japanese out of a customer's name.
    """
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text)
