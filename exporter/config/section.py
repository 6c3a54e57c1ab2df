"""What every section of the configuration is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

from exporter.config import values


class Section(BaseModel):
    """A mapping whose keys are all known; nothing in it changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _beside_the_config(path: Path, info: ValidationInfo) -> Path:
    """Paths are relative to the folder of the configuration file, which the loader hands in as context."""
    return info.context["folder"] / path if info.context else path


FilePath = Annotated[Path, values.PATH, AfterValidator(_beside_the_config)]
"""A path that comes out absolute."""
