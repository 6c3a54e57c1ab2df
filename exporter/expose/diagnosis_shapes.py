"""The shapes of a diagnosis: what is wrong with one organisation, why, and what to do. Never an error text."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from exporter.expose.shape import Document, Instant
from exporter.model.judgement import Because, Doubt
from exporter.model.words import Freshness, Issue, Owner, Reason, ServiceStatus, SyncType


class Basis(StrEnum):
    """What a diagnosis was made from."""

    HISTORY = "history"
    """By the running exporter, which remembers earlier readings."""
    ONE_READING = "one_reading"
    """One reading made for this answer, without memory: what shows only over time is not seen."""
    ONE_READING_AND_HISTORY = "one_reading_and_history"
    """One reading made for this answer, beside what the running exporter remembers."""
    NO_READING = "no_reading"
    """Nothing: the platform could not even be asked."""


class FreshnessDocument(Document):
    """How much the rest can be trusted."""

    freshness: Freshness = Field(description="in one word")
    asked: Instant | None = Field(description="when the platform was asked last")
    answered: Instant | None = Field(description="when it answered last; what follows is as of then")
    why_not: str | None = Field(description="why there is no newer answer; null after an answer")


class StepDocument(Document):
    """One thing to do."""

    text: str = Field(description="what, in one sentence")
    owner: Owner = Field(description="who can do it")
    url: str | None = Field(
        description="the page where it begins, by the templates of `links`; null when there is none"
    )


class IssueDocument(Document):
    """One thing that is wrong."""

    issue: Issue = Field(description="which")
    since: Instant | None = Field(description="when it began: what the facts say, else when it was first seen")
    because: Because = Field(description="what it was concluded from")
    evidence: str = Field(description="the same in words")
    sentence: str = Field(description="what is wrong, for people")
    owner: Owner = Field(description="who can end it")
    reasons: tuple[Reason, ...] = Field(description="why, by the errors behind it, the most frequent first")


class ErrorsDocument(Document):
    """Recent errors of one kind."""

    sync_type: SyncType = Field(description="what was being synchronised")
    reason: Reason = Field(description="why it failed")
    count: int = Field(description="how many")
    newest: Instant | None = Field(description="when the newest happened; null when the platform does not say")
    cause: str = Field(description="the reason in one sentence")
    owner: Owner = Field(description="who can end it")
    retry_helps: bool | None = Field(
        description="whether the same again, unchanged, can succeed; null where nothing says why it failed"
    )
    steps: tuple[StepDocument, ...] = Field(description="what to do, in order")


class StatusPageDocument(Document):
    """What one status page says."""

    page: str = Field(description="its address without the scheme")
    status: ServiceStatus = Field(description="what it says; unknown when it could not be read, which is no outage")
    read: Instant | None = Field(default=None, description="when it was last read; null when it never could be")


class XeroDocument(Document):
    """What Xero itself says."""

    listed: bool | None = Field(description="whether its list of connections has the tenant; null when not known")
    note: str | None = Field(
        description="what to make of it where it contradicts the platform, or is not known any more"
    )
    status_pages: tuple[StatusPageDocument, ...] = Field(description="the status pages that are read")


class DiagnosisDocument(Document):
    """What is wrong, why, and what to do."""

    basis: Basis = Field(description="what this was made from")
    freshness: FreshnessDocument
    wrong: bool | None = Field(description="whether anything is wrong; null when that is not known")
    summary: str = Field(description="the whole in one sentence")
    issues: tuple[IssueDocument, ...] = Field(description="what is wrong, the gravest first")
    remembered: tuple[IssueDocument, ...] = Field(
        description="issues that only the running exporter knows of, where `basis` is one_reading_and_history"
    )
    doubts: tuple[Doubt, ...] = Field(
        description="why it is not known whether anything else is wrong although the platform answered"
    )
    errors: tuple[ErrorsDocument, ...] = Field(description="recent errors by kind, the most frequent first")
    left_out: str | None = Field(
        description="how many entries of the platform's list of errors are not counted in all this, and why; null when "
        "all are"
    )
    never_connected: bool = Field(description="whether no connection was ever made; then nothing is wrong")
    xero: XeroDocument
    what_retry_would_do: str = Field(description="whether retrying failed records can help, and what it costs")
    what_resync_would_do: str = Field(description="whether a resync can help, and what it costs")
    next_steps: tuple[StepDocument, ...] = Field(description="what to do now, each once, in order")
