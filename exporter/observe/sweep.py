"""Asks each organisation once, for commands that answer and end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from exporter.model.facts import Reading
from exporter.observe.brake import Brake, after_reading
from exporter.observe.cadence import pause_asked
from exporter.observe.reader import Credential, Reader


async def sweep(
    reader: Reader,
    organization_ids: Sequence[str],
    credential: Credential,
    on_reading: Callable[[Reading], None],
) -> int:
    """Reads each organisation once, as fast as the permits allow.

    Stops asking when the platform refuses our token for several organisations in a row, or asks everybody to wait;
    asks nobody without a token.

    Args:
        reader: asks about one organisation.
        organization_ids: whom to ask.
        credential: the token in force.
        on_reading: told of each reading as it ends, also of failed ones.

    Returns:
        How many were not asked for one of these reasons.
    """
    if not credential.number:
        return len(organization_ids)
    brake = Brake(credential=credential.number)
    paused = False
    unasked = 0

    async def ask(organization_id: str) -> None:
        nonlocal brake, paused, unasked
        reading = await reader.read(organization_id, wanted=lambda: not (brake.on or paused))
        if reading is None:
            unasked += 1
            return
        brake = after_reading(brake, reading, len(organization_ids))
        paused = paused or pause_asked(reading) is not None
        on_reading(reading)

    async with asyncio.TaskGroup() as group:
        for organization_id in organization_ids:
            group.create_task(ask(organization_id))
    return unasked
