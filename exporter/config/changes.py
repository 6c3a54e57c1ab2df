"""What a new configuration changes, and what of it only a restart can. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exporter.config.schema import Config
from exporter.errors import Fault

RESTART_ONLY: Final = ("ledger.url", "web.listen", "telemetry.otlp_endpoint")
"""Keys that a running exporter cannot change: the record of what it did, the address, which whoever asks us would have
to learn as well, and where traces go, for which all that asks would have to be built anew."""


def changed_keys(old: Config, new: Config) -> Sequence[str]:
    """The keys, ``section.key``, whose values differ, in the order of the schema."""
    return [
        f"{section}.{key}"
        for section in Config.model_fields
        for key in type(getattr(old, section)).model_fields
        if getattr(getattr(old, section), key) != getattr(getattr(new, section), key)
    ]


def restart_only(changed: Sequence[str]) -> Sequence[Fault]:
    """A fault for each changed key that needs a restart; empty when a reload can do it."""
    why = "changes only with a restart: put it back, or restart"
    return [Fault(key, why) for key in changed if key in RESTART_ONLY]
