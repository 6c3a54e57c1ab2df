"""The shape of the bundle with which a person hands one organisation over to somebody else."""

from __future__ import annotations

from pydantic import Field

from exporter.expose.shape import Document, Instant
from exporter.expose.shapes import OrganizationDocument
from exporter.model.words import Reason, SyncType


class ErrorTextDocument(Document):
    """One error that the platform lists, with what may be shown of its text."""

    at: Instant | None = Field(description="when it happened; null when the platform does not say")
    sync_type: SyncType = Field(description="what was being synchronised")
    reason: Reason = Field(description="why it failed, by its text")
    correlation_id: str | None = Field(description="Xero's id of the request that failed; null when it is not given")
    text: str | None = Field(
        description="the fixed words of a recognised text, with [redacted:KIND] for the rest; null when none is shown"
    )
    length: int | None = Field(description="characters of the whole text; null when the platform gave none")
    cut: bool = Field(description="whether only the beginning and the end of the text are kept")
    hash: str | None = Field(
        description="the same for the same text, in this bundle and in others that the same run of the exporter made; "
        "keyed, so that nothing about the text follows from it; null when the text is not kept"
    )
    first_seen: Instant | None = Field(description="when the same text happened first, of those listed")
    whole_type: str | None = Field(description="the platform's type; only with personal data")
    whole_text: str | None = Field(description="the platform's message; only with personal data")


class EscalationDocument(Document):
    """One organisation, to be handed over."""

    notice: str = Field(description="what is left out, or that nothing is")
    personal_data: bool = Field(description="whether texts are whole, and the name is there")
    at: Instant | None = Field(description="when it was made")
    version: str = Field(description="of the exporter that made it")
    status_page_first: str = Field(description="what the status pages say, and what follows from it")
    for_xero: str = Field(description="whether this is anything for Xero's support")
    organization: OrganizationDocument
    errors: tuple[ErrorTextDocument, ...] = Field(description="the errors that the platform lists, the newest first")
    tried: tuple[str, ...] = Field(description="what was done about it so far")
    request: str = Field(description="a request to Xero's partner support, to be pasted; never with personal data")
