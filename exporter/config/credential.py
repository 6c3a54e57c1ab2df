"""A token in the configuration: in a file, or inline."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from exporter.config import values
from exporter.config.section import FilePath, Section
from exporter.config.values import SpellingError


class Credential(Section):
    """Something that holds a token, in a file or inline: exactly one of the two, or none where none is needed."""

    TOKEN_NEEDED: ClassVar[bool] = True

    token_file: FilePath | None = Field(
        default=None,
        description="File that holds the token. It is read again when it changes, also by an atomic replace.",
    )
    token: Annotated[SecretStr, values.SECRET] | None = Field(
        default=None,
        validate_default=True,
        description="The token itself, instead of token_file. check-config warns: a file can be replaced while running "
        "and is not shown with the configuration.",
    )

    @field_validator("token")
    @classmethod
    def _exactly_one(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        given = (token is not None, info.data.get("token_file") is not None)
        if "token_file" in info.data and (all(given) or (cls.TOKEN_NEEDED and not any(given))):
            raise SpellingError(f"needs {'exactly' if cls.TOKEN_NEEDED else 'at most'} one of token_file and token")
        return token

    @property
    def has_token(self) -> bool:
        """Whether one is named, in a file or inline."""
        return self.token is not None or self.token_file is not None
