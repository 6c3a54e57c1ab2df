"""What is worth a log line: not each poll, but each change. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exporter.model.facts import OrganizationState, Snapshot
from exporter.model.words import Failure


class Event(StrEnum):
    """What happened to an organisation."""

    FAILING = "organization_failing"
    """Its readings began to fail, or fail in another way."""
    RECOVERED = "organization_recovered"
    """A reading succeeded after failures."""
    WITHDRAWN = "organization_data_withdrawn"
    """What was known of it became too old to tell."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one organisation.

    Attributes:
        event: what happened.
        organization_id: to whom.
        failure: the failure class after the change; None when it does not fail.
    """

    event: Event
    organization_id: str
    failure: Failure | None


def changes_between(before: Snapshot, after: Snapshot) -> Sequence[Change]:
    """What changed between two snapshots of the same roster, in order of phase."""
    found: list[Change] = []
    for old_block, new_block in zip(before.blocks, after.blocks, strict=True):
        if old_block is new_block:
            continue
        for old, new in zip(old_block.states, new_block.states, strict=True):
            if old is not new:
                found.extend(_changes(old, new))
    return found


def _changes(old: OrganizationState, new: OrganizationState) -> Iterator[Change]:
    name = new.organization.id
    if new.failure is not old.failure:
        event = Event.RECOVERED if new.failure is None else Event.FAILING
        yield Change(event=event, organization_id=name, failure=new.failure)
    if old.status is not None and new.status is None:
        yield Change(event=Event.WITHDRAWN, organization_id=name, failure=new.failure)
