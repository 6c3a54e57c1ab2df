"""The keys of `xero`: its status pages, and its own list of connections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from exporter.config import addresses, values
from exporter.config.addresses import page_key
from exporter.config.section import FilePath, Section
from exporter.config.values import SpellingError

STATUS_PAGES: Final = ("https://status.xero.com", "https://status.developer.xero.com")
"""Xero's own status pages, for customers and for developers."""

MAX_STATUS_PAGES: Final = 10
"""Each is asked once a minute and has five series."""


class XeroApp(Section):
    """The platform's app at Xero, with which Xero's own list of its connections is asked for."""

    client_id: Annotated[str, addresses.CLIENT_ID] | None = Field(
        default=None,
        description="Id of the app. null: Xero is not asked.",
    )
    client_secret_file: FilePath | None = Field(
        default=None,
        validate_default=True,
        description="File that holds the secret of the app. It is read again when it changes. The secret could also "
        "remove connections; it is sent to `xero.identity_url` alone, for a token that lists them.",
    )
    refresh: Annotated[float, values.duration("10s", "1d")] = Field(
        default=600.0,
        description="Time between two lists. A list older than three of these says nothing any more.",
    )

    @field_validator("client_secret_file")
    @classmethod
    def _both_or_none(cls, client_secret_file: Path | None, info: ValidationInfo) -> Path | None:
        if "client_id" in info.data and (client_secret_file is None) != (info.data["client_id"] is None):
            raise SpellingError("must stand together with client_id: both, or none")
        return client_secret_file


class Xero(Section):
    """Xero itself, asked beside the platform."""

    status_pages: tuple[Annotated[str, addresses.URL], ...] = Field(
        default=STATUS_PAGES,
        description=f"Status pages (Statuspage, version 2) that are read once a minute, at most {MAX_STATUS_PAGES}. "
        "`[]` turns them off.",
    )
    app: XeroApp = Field(
        default=XeroApp(),
        description="The platform's app at Xero. With it, Xero's own list of connections is asked for, to compare it "
        "with what the platform says.",
    )
    api_url: Annotated[str, addresses.SAFE_URL] = Field(
        default="https://api.xero.com",
        description="Where Xero's API is.",
    )
    identity_url: Annotated[str, addresses.SAFE_URL] = Field(
        default="https://identity.xero.com",
        description="Where Xero gives tokens.",
    )

    @field_validator("status_pages")
    @classmethod
    def _few_and_distinct(cls, status_pages: tuple[str, ...]) -> tuple[str, ...]:
        if len({page_key(page) for page in status_pages}) < len(status_pages):
            raise SpellingError("must name each page only once")
        if len(status_pages) > MAX_STATUS_PAGES:
            raise SpellingError(f"must name at most {MAX_STATUS_PAGES} pages")
        return status_pages
