"""snapshot + readings + now -> snapshot. Pure; what did not change stays the same object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from exporter.model.facts import (
    BLOCK_SIZE,
    Block,
    Organization,
    OrganizationState,
    Reading,
    Snapshot,
    Status,
)
from exporter.model.fleet import ALONE, UNJUDGED, Surroundings
from exporter.model.judgement import WELL, Connections, Diagnosis, Memory, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness
from exporter.observe.clocks import clocks_agree
from exporter.observe.diagnosis import judge
from exporter.observe.incidents import judge_fleet
from exporter.observe.listed import unsettled, viewed
from exporter.observe.memory import observed
from exporter.observe.phase import phase_of
from exporter.observe.tally import added, recounted, tally_of

_NEVER: Final = float("inf")
_TICK: Final = 1.0
"""Seconds between two folds, unless something stalls."""


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
            renamed = replace(known, organization=organization)
            if known.missed_at is not None and known.organization.xero_tenant_id != organization.xero_tenant_id:
                # What a list said of another tenant says nothing of this one.
                renamed = unsettled(replace(renamed, missed_at=None), now)
            states.append(renamed)
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
    # Without a list of Xero's: the next fold takes it up again, for those who are new or have another tenant.
    return Snapshot(
        blocks=blocks,
        places=MappingProxyType(places),
        at=now,
        counts=_counts(blocks),
        tally=added([block.tally for block in blocks]),
        judgement=previous.judgement if previous is not None else UNJUDGED,
        surroundings=previous.surroundings if previous is not None else ALONE,
    )


def fold(
    snapshot: Snapshot,
    readings: Sequence[Reading],
    now: Moment,
    rules: Thresholds,
    *,
    connections: Connections | None = None,
    surroundings: Surroundings = ALONE,
) -> Snapshot:
    """The snapshot after these readings and the passing of time until `now`.

    Readings of organisations that are not in the snapshot are ignored. When nothing changed, the blocks and counts
    are the very same objects.

    Args:
        snapshot: what was known.
        readings: what came in since, oldest first.
        now: the present.
        rules: when data is withdrawn, and where judgement draws its lines.
        connections: Xero's own list of connections; None while there is none.
        surroundings: what else the judgement of the fleet needs.
    """
    if connections is not None and now.monotonic >= connections.valid_until:
        connections = None
    by_block: dict[int, dict[int, list[Reading]]] = {}
    for reading in readings:
        place = snapshot.places.get(reading.organization_id)
        if place is not None:
            by_block.setdefault(place[0], {}).setdefault(place[1], []).append(reading)
    blocks = snapshot.blocks
    asks_xero = surroundings.asks_xero
    if connections is not snapshot.connections or asks_xero is not snapshot.surroundings.asks_xero:
        last = snapshot.connections
        blocks = tuple(_block_viewed(block, connections, now, last, asks_xero=asks_xero) for block in blocks)
    dirty = {index for index, block in enumerate(blocks) if block.valid_until <= now.monotonic} | by_block.keys()
    if dirty:
        changed = list(blocks)
        for index in dirty:
            came_in = by_block.get(index, {})
            changed[index] = _block_at(blocks[index], came_in, now, rules, connections, asks_xero=asks_xero)
        blocks = tuple(changed)
    tally, counts = snapshot.tally, snapshot.counts
    if blocks is not snapshot.blocks:
        tally, counts = added([block.tally for block in blocks]), _counts(blocks)
    return Snapshot(
        blocks=blocks,
        places=snapshot.places,
        at=now,
        counts=counts,
        tally=tally,
        judgement=judge_fleet(snapshot.judgement, tally, surroundings, now.monotonic, rules.incident_window),
        connections=connections,
        surroundings=surroundings,
    )


def _block_at(
    block: Block,
    came_in: Mapping[int, Sequence[Reading]],
    now: Moment,
    rules: Thresholds,
    connections: Connections | None,
    *,
    asks_xero: bool,
) -> Block:
    states = list(block.states)
    for slot, readings in came_in.items():
        for reading in readings:
            states[slot] = viewed(absorb(states[slot], reading, rules), connections, now, asks_xero=asks_xero)
    return _block_after(block, tuple(age(state, now, rules) for state in states))


def _block_viewed(
    block: Block, connections: Connections | None, now: Moment, last: Connections | None, *, asks_xero: bool
) -> Block:
    """The block by another list of Xero's; the same object where that list says the same."""
    states = tuple(viewed(state, connections, now, last=last, asks_xero=asks_xero) for state in block.states)
    return _block_after(block, states)


def judged_anew(snapshot: Snapshot, now: Moment) -> Snapshot:
    """The same knowledge, whose ages the next fold judges again: the rules changed."""
    blocks = tuple(_block(tuple(unsettled(state, now) for state in block.states)) for block in snapshot.blocks)
    return replace(snapshot, blocks=blocks)


def absorb(state: OrganizationState, reading: Reading, rules: Thresholds) -> OrganizationState:
    """The state after one reading, at its end. `age` must follow: it judges a failure, and the time since."""
    ended = reading.ended
    state = age(state, ended, rules)
    if isinstance(reading.outcome, Status):
        diagnosis, memory = _diagnosed(state, reading.outcome, reading, rules)
        return OrganizationState(
            organization=state.organization,
            first_seen=state.first_seen,
            freshness=Freshness.FRESH,
            last_attempt=ended,
            last_success=ended,
            failure=None,
            failures_in_row=0,
            status=reading.outcome,
            skew=reading.skew,
            listed=state.listed,
            unlisted=state.unlisted,
            missed_at=state.missed_at,
            diagnosis=diagnosis,
            memory=memory,
            valid_until=min(ended.monotonic + rules.stale_after, memory.valid_until),
        )
    return replace(
        state,
        last_attempt=ended,
        failure=reading.failure,
        failures_in_row=state.failures_in_row + 1,
        valid_until=ended.monotonic,
    )


def _diagnosed(
    state: OrganizationState, status: Status, reading: Reading, rules: Thresholds
) -> tuple[Diagnosis, Memory]:
    """What is wrong by this reading; the very same as before where it says nothing new and time changed nothing."""
    same = status is state.status
    if (
        same
        and state.last_success is not None
        and reading.ended.monotonic < state.memory.settled_until
        and state.freshness is Freshness.FRESH
        and clocks_agree(reading.skew)
        # Of a platform that does not say its time only the step tells that the last judgement was by another clock.
        and clocks_agree(_skew_now(state.skew, state.last_success, reading.ended))
        and clocks_agree(state.skew)
    ):
        return state.diagnosis, state.memory
    judged = judge(
        status,
        observed(state.memory, status, reading.ended, rules, same=same, skew=reading.skew),
        reading.ended,
        rules,
        reading=True,
        read_before=None if state.last_success is None else state.last_success.monotonic,
        skew=reading.skew,
        unlisted=state.unlisted,
        missed_at=state.missed_at,
    )
    return _same_or(state.diagnosis, judged.diagnosis), judged.memory


def _same_or(before: Diagnosis, now: Diagnosis) -> Diagnosis:
    """The very same as before where it says the same: what tells of it counts on that, and writes nothing anew."""
    return before if now is before or now == before else now


def age(state: OrganizationState, now: Moment, rules: Thresholds) -> OrganizationState:
    """The state at `now`: freshness judged, data withdrawn when too old, what is left diagnosed.

    The same object while it is valid. What time changed on the way is judged when it changed: after a stall an issue
    that ended and came back is two, as if there had been a tick for each second.
    """
    while state.valid_until + _TICK < now.monotonic:
        at = max(state.valid_until, (state.last_attempt or state.first_seen).monotonic)
        stepped = _aged(state, Moment(now.wall - (now.monotonic - at), at), rules)
        if stepped.valid_until <= at:
            break
        state = stepped
    return state if now.monotonic < state.valid_until else _aged(state, now, rules)


def _aged(state: OrganizationState, now: Moment, rules: Thresholds) -> OrganizationState:
    since = state.last_success or state.first_seen
    in_time_until = since.monotonic + rules.stale_after
    # What was withdrawn is not fresh, even if stale_after was raised meanwhile.
    withdrawn = state.last_success is not None and state.status is None
    in_time = now.monotonic < in_time_until and not withdrawn
    freshness = _freshness(state, in_time=in_time)
    if not in_time:
        return replace(state, freshness=freshness, status=None, diagnosis=WELL, valid_until=_NEVER)
    if freshness is not Freshness.FRESH or state.status is None:
        return replace(state, freshness=freshness, diagnosis=WELL, valid_until=in_time_until)
    judged = judge(
        state.status,
        state.memory,
        now,
        rules,
        reading=False,
        read_before=since.monotonic,
        skew=_skew_now(state.skew, since, now),
        unlisted=state.unlisted,
        missed_at=state.missed_at,
    )
    return replace(
        state,
        freshness=freshness,
        diagnosis=_same_or(state.diagnosis, judged.diagnosis),
        memory=judged.memory,
        valid_until=min(in_time_until, judged.valid_until),
    )


def _skew_now(skew: float | None, read: Moment, now: Moment) -> float | None:
    """How far the platform's clock is ahead of ours, by a reading and by how ours was set since."""
    stepped = (now.wall - read.wall) - (now.monotonic - read.monotonic)
    if skew is None and clocks_agree(stepped):
        return None
    return (skew or 0.0) - stepped


def _freshness(state: OrganizationState, *, in_time: bool) -> Freshness:
    if state.failure is Failure.NOT_FOUND:
        return Freshness.NOT_FOUND
    if not in_time:
        return Freshness.STALE
    return Freshness.PENDING if state.last_success is None else Freshness.FRESH


def _block(states: tuple[OrganizationState, ...]) -> Block:
    return Block(states=states, valid_until=min(state.valid_until for state in states), tally=tally_of(states))


def _block_after(before: Block, states: tuple[OrganizationState, ...]) -> Block:
    """The block with these states; the very same where they are."""
    gone = [old for old, new in zip(before.states, states, strict=True) if old is not new]
    if not gone:
        return before
    if 2 * len(gone) > len(states):
        return _block(states)
    come = [new for old, new in zip(before.states, states, strict=True) if old is not new]
    return Block(
        states=states,
        valid_until=min(state.valid_until for state in states),
        tally=recounted(before.tally, gone, come),
    )


def _counts(blocks: tuple[Block, ...]) -> MappingProxyType[Freshness, int]:
    return MappingProxyType(
        {word: sum(block.counts[place] for block in blocks) for place, word in enumerate(Freshness)}
    )
