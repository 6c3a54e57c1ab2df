"""Asking whether something changed instead of asking for it again: validators and the headers that carry them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exporter.model.facts import UpstreamFailure
from exporter.upstream.dates import http_date
from exporter.upstream.transport import Answer

NOT_MODIFIED: Final = 304

# What is sent back with each request (RFC 9110, 8.8.3); one that is longer or written otherwise is left aside.
_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,1000}"')


@dataclass(frozen=True, slots=True)
class Validators:
    """How an answer can be told from a later one (RFC 9110, 8.8); None for what it does not say, or says amiss.

    Attributes:
        etag: what the other side calls this version.
        last_modified: when it last changed, as the other side writes it.
    """

    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, answer: Answer) -> Validators:
        """Those of an answer."""
        etag, modified = answer.etag, answer.last_modified
        return cls(
            etag if etag is not None and _ETAG.fullmatch(etag) else None,
            modified if modified is not None and http_date(modified) is not None else None,
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """What asks for a 304 while nothing changed; the ETag alone where there is one (RFC 9110, 13.1.3)."""
        if self.etag is not None:
            return {"If-None-Match": self.etag}
        return {} if self.last_modified is None else {"If-Modified-Since": self.last_modified}

    def confirmed_by(self, answer: UpstreamFailure) -> bool:
        """Whether this answer is the 304 that was asked for; unasked, it is as unexpected as any other status."""
        return answer.http_status == NOT_MODIFIED and bool(self.headers)
