"""What every document is made of."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Instant: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""An instant as RFC 3339 in UTC, such as ``2025-01-15T10:30:00.000Z``."""


class Document(BaseModel):
    """The base of all documents: frozen."""

    model_config = ConfigDict(frozen=True)
