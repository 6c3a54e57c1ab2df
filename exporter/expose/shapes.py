"""The shapes of the documents, as the OpenAPI description tells them.

Instants are RFC 3339 in UTC with milliseconds, null when unknown or outside the years 1 to 9999.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from exporter.expose.diagnosis_shapes import DiagnosisDocument
from exporter.expose.shape import Document as _Document
from exporter.expose.shape import Instant
from exporter.model.judgement import Doubt
from exporter.model.words import Failure, Freshness, Issue, Reason, SyncStatus

Outcome: TypeAlias = Failure | Literal["success"]
"""How a reading ended: the failure class, or success."""


class OrganizationRow(_Document):
    """One organisation in a list."""

    id: str = Field(description="the platform's own id")
    name: str | None = Field(description="what people call it; null unless configured and opted in")
    freshness: Freshness = Field(description="how much can be trusted of the rest")
    failure: Failure | None = Field(description="why the last reading failed; null after a success")
    last_attempt: Instant | None = Field(description="when the last reading ended")
    last_success: Instant | None = Field(description="when the last successful reading ended")
    issues: tuple[Issue, ...] | None = Field(description="what is wrong, the gravest first; null while it is not fresh")
    doubts: tuple[Doubt, ...] | None = Field(
        description="why it is not known whether anything else is wrong though it is fresh; null while it is not"
    )
    since: Instant | None = Field(description="when the oldest of them began")
    reasons: tuple[Reason, ...] | None = Field(
        description="why, by the issues; without one, by recent errors; null while it is not fresh"
    )
    connected: bool | None = Field(description="whether the platform holds a connection to Xero")
    sync_status: SyncStatus | None = Field(description="the platform's word, folded to a closed list")
    last_sync: Instant | None = Field(description="when the platform last synchronised with Xero")
    token_expires_at: Instant | None = Field(description="when the platform's OAuth token expires")
    pending_syncs: int | None = Field(description="as the platform says")
    failed_syncs: int | None = Field(description="as the platform says")
    errors_reported: int | None = Field(description="well-formed entries of the platform's list of errors")


class OrganizationsDocument(_Document):
    """One page of organisations, in order of their ids."""

    at: Instant | None = Field(description="when this was true")
    total: int = Field(description="how many match, on all pages")
    organizations: tuple[OrganizationRow, ...] = Field(description="those of this page")
    next: str | None = Field(description="`after` of the following page; null on the last one")


class PollingDocument(_Document):
    """How reading one organisation goes."""

    first_seen: Instant | None = Field(description="when it came onto the roster of this process")
    last_attempt: Instant | None = Field(description="when the last reading ended")
    last_success: Instant | None = Field(description="when the last successful reading ended")
    failure: Failure | None = Field(description="why the last reading failed; null after a success")
    failures_in_row: int = Field(description="readings that failed since the last success")
    data_withdrawn: bool = Field(description="whether there were facts, and they became too old to tell")
    next_attempt: Instant | None = Field(description="when it is asked next; null while that is not known")


class FactsDocument(_Document):
    """What the platform said last. Null: it did not say."""

    connected: bool | None = Field(description="whether the platform holds a connection to Xero")
    token_expires_at: Instant | None = Field(description="when the platform's OAuth token expires")
    last_sync: Instant | None = Field(description="when the platform last synchronised with Xero")
    sync_status: SyncStatus | None = Field(description="the platform's word, folded to a closed list")
    pending_syncs: int | None = Field(description="as the platform says")
    failed_syncs: int | None = Field(description="as the platform says")
    errors_reported: int = Field(description="well-formed entries of the list of errors")
    newest_error_at: Instant | None = Field(description="the latest instant among them")
    errors_dropped: int = Field(description="entries that were malformed or too many, and were left out")


class ReadingDocument(_Document):
    """One attempt to read the status."""

    at: Instant | None = Field(description="when it ended")
    duration_seconds: float = Field(description="how long it took")
    outcome: Outcome = Field(description="success, or the failure class")
    http_status: int | None = Field(description="of the answer; null when there was none")
    detail: str | None = Field(description="where exactly it failed, in the exporter's own words")


class OrganizationDocument(_Document):
    """All that is known of one organisation."""

    id: str = Field(description="the platform's own id")
    name: str | None = Field(description="what people call it; null unless configured and opted in")
    xero_tenant_id: str | None = Field(description="Xero's id of the connected tenant; null when not configured")
    freshness: Freshness = Field(description="how much can be trusted of the facts")
    diagnosis: DiagnosisDocument
    polling: PollingDocument
    facts: FactsDocument | None = Field(description="what the platform said last; null when never or too long ago")
    recent: tuple[ReadingDocument, ...] = Field(description="the last readings, newest first")
    failures: tuple[ReadingDocument, ...] = Field(description="the last failed readings, newest first; kept longer")
