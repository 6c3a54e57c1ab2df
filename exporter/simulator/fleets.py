"""Fleets of made-up clubs, the same for the same seed."""

from __future__ import annotations

import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator
from typing import Final

from exporter.simulator.scripts import SCRIPTS
from exporter.simulator.world import SimulatedOrganization

_PLACES: Final = (
    "Harbour",
    "Northgate",
    "Willow Bank",
    "Millbrook",
    "St Brannoc",
    "Eastcliff",
    "Kingfisher",
    "Old Quay",
    "Fernhill",
    "Larkspur",
    "Saltmarsh",
    "Stonebridge",
    "Highfield",
    "Castle Green",
    "Amber Valley",
    "Riverside",
    "Thornbury Down",
    "Blackwater",
    "Seven Elms",
    "Foxglove",
)  # fmt: skip - a list of words
_PURSUITS: Final = (
    "Rowing Club",
    "Tennis Club",
    "Choral Society",
    "Cycling Club",
    "Football Club",
    "Chess Circle",
    "Sailing Club",
    "Bowls Club",
    "Athletics Club",
    "Gardeners' Society",
    "Swimming Club",
)  # fmt: skip - a list of words

# What is left of a demo's fleet once each script has its organisation: mostly healthy; enough in an outage of Xero to
# make it one incident; several never connected. Nothing that hangs: the demo is about customers.
_THE_REST: Final = (
    "never_connected",
    "healthy",
    "xero_outage",
    "healthy",
    "never_connected",
    "healthy",
    "xero_outage",
    "healthy",
    "healthy",
    "xero_outage",
    "healthy",
    "healthy",
    "duplicate_contacts",
    "healthy",
    "xero_outage",
    "healthy",
    "healthy",
    "bad_account_code",
    "healthy",
    "healthy",
)  # fmt: skip - four rows of five


def demo_fleet(n: int, seed: int) -> tuple[SimulatedOrganization, ...]:
    """`n` organisations for a demo: each script at least once, as far as `n` reaches, then mostly healthy ones.

    Fewer than there are scripts: the most telling come first. Each starts at its own point of its script, but for
    those that live through an outage together.
    """
    draw = random.Random(seed)  # noqa: S311 - a fleet must be the same each time, not unpredictable
    scripts = itertools.chain(SCRIPTS, itertools.cycle(_THE_REST))
    return tuple(
        _organization(number, name, script, _offset(script, draw), draw)
        for number, name, script in zip(range(1, n + 1), _names(draw), scripts, strict=False)
    )


def uniform_fleet(
    n: int, script: str = "healthy", *, minute: float | None = None, seed: int = 0
) -> tuple[SimulatedOrganization, ...]:
    """`n` organisations that all live through `script`.

    Args:
        n: how many.
        script: a name in `scripts.SCRIPTS`.
        minute: the script's minute at which all of them begin; None spreads them over its period.
        seed: of names, tenant ids and that spread.

    Raises:
        KeyError: there is no such script.
    """
    draw = random.Random(seed)  # noqa: S311 - a fleet must be the same each time, not unpredictable
    return tuple(
        _organization(number, name, script, _offset(script, draw) if minute is None else minute, draw)
        for number, name in zip(range(1, n + 1), _names(draw), strict=False)
    )


def organizations_yaml(fleet: Iterable[SimulatedOrganization]) -> str:
    """The fleet as an exporter's `organizations.file`: YAML in ASCII, one line for each organisation."""
    lines = [
        json.dumps({"id": organization.id, "name": organization.name, "xero_tenant_id": organization.xero_tenant_id})
        for organization in fleet
    ]
    return "".join(f"- {line}\n" for line in lines) or "[]\n"


def _organization(number: int, name: str, script: str, offset: float, draw: random.Random) -> SimulatedOrganization:
    tenant = uuid.UUID(int=draw.getrandbits(128), version=4)
    return SimulatedOrganization(f"org-{number:04d}", name, str(tenant), script, offset)


def _offset(script: str, draw: random.Random) -> float:
    chosen = SCRIPTS[script]
    return 0.0 if chosen.together else draw.uniform(0, chosen.period)


def _names(draw: random.Random) -> Iterator[str]:
    """Names without end, each once: Harbour Rowing Club first, with a number when the words run out."""
    first, *others = [f"{place} {pursuit}" for place, pursuit in itertools.product(_PLACES, _PURSUITS)]
    draw.shuffle(others)
    names = [first, *others]
    yield from names
    for number in itertools.count(2):
        yield from (f"{name} {number}" for name in names)
