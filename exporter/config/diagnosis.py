"""The keys of `diagnosis` and `links`: when something counts as wrong, and where a person mends it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from exporter.config import addresses, values
from exporter.config.section import Section
from exporter.model.judgement import Thresholds, TokenClock


class Links(Section):
    """Pages of the platform, as templates."""

    integration_settings: Annotated[str, addresses.LINK] | None = Field(
        default=None,
        description="Where a person manages an organisation's Xero connection: the first step of most cures. "
        "`{organization_id}` stands for its id.",
    )
    client_portal: Annotated[str, addresses.LINK] | None = Field(
        default=None,
        description="Where the customer manages it themselves. `{organization_id}` stands for its id.",
    )


class Diagnosis(Section):
    """Thresholds of the judgement."""

    # Errors that repeat do so more than 5 minutes apart: a shorter window could not hold two of them.
    error_window: Annotated[float, values.duration("10m", "7d")] = Field(
        default=3600.0,
        description="How long an error counts as recent.",
    )
    token_grace: Annotated[float, values.duration("1s", "7d")] = Field(
        default=900.0,
        description="How long a token may be expired before that is called an issue: platforms renew late, on use.",
    )
    token_clock: Annotated[TokenClock, values.one_of(TokenClock)] = Field(
        default=TokenClock.AUTO,
        description="Whether a `token_expires_at` that is past means an expired token. auto: where the token lives for "
        "more than an hour, nothing was ever synced, or the status is not healthy. trusted: always. corroborated: only "
        "when an error or the status says so too.",
    )
    sync_stale_after: Annotated[float, values.duration("1m", "1y")] = Field(
        default=93_600.0,
        description="Age of the last sync at which it is called stale while syncs are pending. Longer than a day, so "
        "that platforms which sync nightly stay quiet.",
    )
    sync_silent_after: Annotated[float, values.duration("1m", "1y")] | None = Field(
        default=None,
        description="Age of the last sync at which it is called stale even with nothing pending. null: never.",
    )
    incident_window: Annotated[float, values.duration("1m", "7d")] = Field(
        default=21_600.0,
        description="An incident is a rise from the least share of affected organisations within this time; after a "
        "start nothing is concluded for a twelfth of it. At least 72 times `poll.interval`, or 6h; alert rules have "
        "6h.",
    )

    def thresholds(self, stale_after: float) -> Thresholds:
        """These, in the program's own words, together with the age at which data is withdrawn, seconds."""
        return Thresholds(
            stale_after=stale_after,
            error_window=self.error_window,
            token_grace=self.token_grace,
            token_clock=self.token_clock,
            sync_stale_after=self.sync_stale_after,
            sync_silent_after=self.sync_silent_after,
            incident_window=self.incident_window,
        )
