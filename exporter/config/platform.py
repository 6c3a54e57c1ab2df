"""Where the platform is, how hard we may ask it, and what its words mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from exporter.config import addresses, values
from exporter.config.credential import Credential
from exporter.config.section import FilePath, Section
from exporter.config.values import SpellingError
from exporter.model.words import SyncStatus


def _word(value: object) -> object:
    word = values.limited(64).parse(value)
    if not str(word).strip() or str(word) != str(word).strip():
        raise SpellingError("must be a word, without space around it")
    return word


_WORD: Final = values.Spelling("word", _word)


class Paths(Section):
    """Paths of the platform's API, below platform.url."""

    status: Annotated[str, addresses.STATUS_PATH] = Field(
        default="/api/admin/integrations/xero/{organization_id}/status",
        description="Where the status of one organisation is asked for (GET).",
    )
    retry: Annotated[str, addresses.STATUS_PATH] = Field(
        default="/api/admin/integrations/xero/{organization_id}/retry",
        description="Where a retry of some records is asked for (POST).",
    )
    resync: Annotated[str, addresses.STATUS_PATH] = Field(
        default="/api/admin/integrations/xero/{organization_id}/resync",
        description="Where a resync of some types is asked for (POST).",
    )


class SyncStatusWords(Section):
    """What this platform's own words for how syncs go mean."""

    healthy: tuple[Annotated[str, _WORD], ...] = Field(
        default=(),
        description="Words that mean `healthy`, such as ok. Capital and small letters are the same.",
    )
    degraded: tuple[Annotated[str, _WORD], ...] = Field(
        default=(),
        description="Words that mean `degraded`, beside degraded, warning and partial.",
    )
    failing: tuple[Annotated[str, _WORD], ...] = Field(
        default=(),
        description="Words that mean `failing`, beside failing, failed, error and unhealthy.",
    )
    disconnected: tuple[Annotated[str, _WORD], ...] = Field(
        default=(),
        description="Words that mean `disconnected`, beside disconnected.",
    )

    @field_validator("*")
    @classmethod
    def _one_meaning_each(cls, words: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        small = {word.lower() for word in words}
        for earlier, others in info.data.items():
            if small & {word.lower() for word in others}:
                raise SpellingError(f"holds a word that stands in {earlier} too: each has one meaning")
        return words

    @property
    def meanings(self) -> Mapping[str, SyncStatus]:
        """Each word in small letters, and what it means."""
        by_meaning: Mapping[SyncStatus, tuple[str, ...]] = {
            SyncStatus.HEALTHY: self.healthy,
            SyncStatus.DEGRADED: self.degraded,
            SyncStatus.FAILING: self.failing,
            SyncStatus.DISCONNECTED: self.disconnected,
        }
        return MappingProxyType({word.lower(): meaning for meaning, words in by_meaning.items() for word in words})


class Platform(Credential):
    """MemberPulse, and how hard we may ask it."""

    url: Annotated[str, addresses.URL] = Field(
        description="Where the platform is. A path prefix is kept; a user, a query or a fragment is refused.",
    )
    timeout: Annotated[float, values.duration(most="5m")] = Field(
        default=10.0,
        description="How long one reading may take by the wall clock, connecting and body included.",
    )
    max_concurrency: Annotated[int, values.whole(1, 1000)] = Field(
        default=50,
        description="How many requests may be open at the same time.",
    )
    max_requests_per_second: Annotated[float, values.positive(10_000)] = Field(
        default=200.0,
        description="How many requests may begin in one second. They begin in groups: of 31 at most at 200 a "
        "second, one by one at 6 and below.",
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="File with certificates (PEM) of authorities that are trusted to vouch for the platform, and for "
        "the server of organizations.http, besides those of the system. It is read again when it changes, for new "
        "connections.",
    )
    remediation_token_file: FilePath | None = Field(
        default=None,
        description="File that holds the token for retries and resyncs, where the platform has a wider one for them. "
        "null: the token that statuses are asked with.",
    )
    paths: Paths = Field(default=Paths(), description="Paths of the platform's API, below `platform.url`.")
    sync_status_words: SyncStatusWords = Field(
        default=SyncStatusWords(),
        description="What the platform's own words in sync_status mean. They go before those that are known here. A "
        "word that nobody knows is `other`, and whether the organisation is well is in doubt.",
    )
