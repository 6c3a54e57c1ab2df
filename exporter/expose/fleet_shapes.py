"""The shapes of the document about all organisations together."""

from __future__ import annotations

from pydantic import Field

from exporter.expose.diagnosis_shapes import StatusPageDocument
from exporter.expose.shape import Document, Instant
from exporter.expose.shapes import OrganizationRow
from exporter.model.words import Freshness, IncidentKind, Issue, RosterSource, Verdict


class SourceDocument(Document):
    """One source of the roster."""

    source: RosterSource = Field(description="which source")
    organizations: int = Field(description="how many it lists, before include and exclude")
    last_success: Instant | None = Field(description="when it was last read whole and taken over")
    rejected: bool = Field(description="whether its newest content was refused and the last good list is kept")
    held: bool = Field(description="whether its newest content is held because it drops too many at once")
    why: str | None = Field(description="why its newest content is not in force, or none came; null when it is")


class FleetXeroDocument(Document):
    """What Xero itself says."""

    pages: tuple[StatusPageDocument, ...] = Field(description="the status pages that are read")
    connections: int | None = Field(description="how many Xero lists for the app; null without a list to go by")
    listed_at: Instant | None = Field(description="when that list was asked for")


class FleetDocument(Document):
    """All organisations in numbers, whose problem it is, and how polling stands."""

    version: str = Field(description="of the exporter")
    at: Instant | None = Field(description="when this was true")
    verdict: Verdict = Field(description="whose problem it is, in one word: the first that holds, in this order")
    verdict_means: str = Field(description="the same in words, and what it does not cover")
    do_first: str = Field(description="what to do first")
    incidents: dict[IncidentKind, bool | None] = Field(
        description="whether many turned bad together, by kind; null while that is not known"
    )
    organizations: int = Field(description="how many are on the roster")
    freshness: dict[Freshness, int] = Field(description="how many of each freshness; every word is there")
    issues: dict[Issue, int] = Field(description="how many of the fresh have each issue; every word is there")
    affected: dict[IncidentKind, int] = Field(description="how many of the fresh have any issue of a kind")
    doubtful: int = Field(
        description="how many of the fresh have none, and of these it is not known whether anything is wrong"
    )
    unanswered: int = Field(
        description="how many that the platform knows were not answered for when they were last asked, fresh or not"
    )
    worst: tuple[OrganizationRow, ...] = Field(
        description="up to ten with issues: those of the connection first, then whose issue is oldest"
    )
    app_credentials_rejected: bool = Field(description="whether Xero refuses the platform's app, or xero.app")
    xero: FleetXeroDocument
    poll_interval_seconds: float = Field(description="between two readings of one organisation")
    stale_after_seconds: float = Field(description="after the last success data is withdrawn")
    platform_auth_ok: bool | None = Field(
        description="whether the platform accepts our token: false while it refuses it for everybody, null unknown"
    )
    platform_paused_until: Instant | None = Field(description="until when the platform asked everybody to wait")
    roster: tuple[SourceDocument, ...] = Field(description="the sources, in order of precedence")
