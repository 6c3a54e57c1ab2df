"""snapshot + readings + now -> snapshot. Pure; what did not change stays the same object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType

from exporter.model.facts import (
    BLOCK_SIZE,
    Block,
    Organization,
    OrganizationState,
    Reading,
    Snapshot,
    Status,
)
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness
from exporter.observe.phase import phase_of

_NEVER = float("inf")


def snapshot_of(organizations: Iterable[Organization], previous: Snapshot | None, now: Moment) -> Snapshot:
    """A snapshot of exactly these organisations, in order of phase.

    What `previous` knows of those who stay is kept; a changed name or tenant makes a new state with the same
    knowledge; those who are gone are gone.
    """
    states = []
    for organization in sorted(organizations, key=lambda one: (phase_of(one.id), one.id)):
        known = previous.state(organization.id) if previous is not None else None
        if known is None:
            states.append(OrganizationState(organization=organization, first_seen=now, valid_until=now.monotonic))
        elif known.organization != organization:
            states.append(replace(known, organization=organization))
        else:
            states.append(known)
    old_blocks = {block.states: block for block in previous.blocks} if previous is not None else {}
    chunks = [tuple(states[start : start + BLOCK_SIZE]) for start in range(0, len(states), BLOCK_SIZE)]
    blocks = tuple(old_blocks.get(chunk) or _block(chunk) for chunk in chunks)
    places = {
        state.organization.id: (index, slot)
        for index, block in enumerate(blocks)
        for slot, state in enumerate(block.states)
    }
    return Snapshot(blocks=blocks, places=MappingProxyType(places), at=now, counts=_counts(blocks))


def fold(snapshot: Snapshot, readings: Sequence[Reading], now: Moment, stale_after: float) -> Snapshot:
    """The snapshot after these readings and the passing of time until `now`.

    Readings of organisations that are not in the snapshot are ignored. When nothing changed, the blocks and counts
    are the very same objects.

    Args:
        snapshot: what was known.
        readings: what came in since, oldest first.
        now: the present.
        stale_after: seconds after which data is withdrawn.
    """
    by_block: dict[int, dict[int, list[Reading]]] = {}
    for reading in readings:
        place = snapshot.places.get(reading.organization_id)
        if place is not None:
            by_block.setdefault(place[0], {}).setdefault(place[1], []).append(reading)
    aged = {index for index, block in enumerate(snapshot.blocks) if block.valid_until <= now.monotonic}
    dirty = aged | by_block.keys()
    if not dirty:
        return replace(snapshot, at=now)
    blocks = list(snapshot.blocks)
    for index in dirty:
        states = list(blocks[index].states)
        for slot, came in by_block.get(index, {}).items():
            for reading in came:
                states[slot] = absorb(states[slot], reading)
        blocks[index] = _block(tuple(age(state, now.monotonic, stale_after) for state in states))
    folded = tuple(blocks)
    return Snapshot(blocks=folded, places=snapshot.places, at=now, counts=_counts(folded))


def judged_anew(snapshot: Snapshot, now: Moment) -> Snapshot:
    """The same knowledge, whose ages the next fold judges again: the rules changed."""
    blocks = tuple(
        _block(tuple(replace(state, valid_until=now.monotonic) for state in block.states)) for block in snapshot.blocks
    )
    return replace(snapshot, blocks=blocks)


def absorb(state: OrganizationState, reading: Reading) -> OrganizationState:
    """The state after one reading. Its freshness is judged by `age`, which must follow."""
    if isinstance(reading.outcome, Status):
        return replace(
            state,
            last_attempt=reading.ended,
            last_success=reading.ended,
            failure=None,
            failures_in_row=0,
            status=reading.outcome,
            valid_until=reading.ended.monotonic,
        )
    return replace(
        state,
        last_attempt=reading.ended,
        failure=reading.failure,
        failures_in_row=state.failures_in_row + 1,
        valid_until=reading.ended.monotonic,
    )


def age(state: OrganizationState, now: float, stale_after: float) -> OrganizationState:
    """The state at `now`: freshness judged, data withdrawn when too old; the same object while it is valid."""
    if now < state.valid_until:
        return state
    since = state.last_success or state.first_seen
    in_time_until = since.monotonic + stale_after
    # What was withdrawn is not fresh, even if stale_after was raised meanwhile.
    withdrawn = state.last_success is not None and state.status is None
    in_time = now < in_time_until and not withdrawn
    return replace(
        state,
        freshness=_freshness(state, in_time=in_time),
        status=state.status if in_time else None,
        valid_until=in_time_until if in_time else _NEVER,
    )


def _freshness(state: OrganizationState, *, in_time: bool) -> Freshness:
    if state.failure is Failure.NOT_FOUND:
        return Freshness.NOT_FOUND
    if not in_time:
        return Freshness.STALE
    return Freshness.PENDING if state.last_success is None else Freshness.FRESH


def _block(states: tuple[OrganizationState, ...]) -> Block:
    return Block(states=states, valid_until=min(state.valid_until for state in states))


def _counts(blocks: tuple[Block, ...]) -> MappingProxyType[Freshness, int]:
    return MappingProxyType(
        {word: sum(block.counts[place] for block in blocks) for place, word in enumerate(Freshness)}
    )
