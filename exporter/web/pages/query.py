"""What pages take from the query of a URL: each parameter is known, given once, and has a value that it can have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar

from starlette.datastructures import QueryParams

from exporter.web.problems import bad_parameters, parameter_name

_Word = TypeVar("_Word", bound=StrEnum)


def given_in(query: QueryParams, known: Collection[str]) -> dict[str, str]:
    """Name -> value, without the space around it; an empty value is none, as a form sends it.

    Raises:
        ProblemError: 400, a parameter is unknown, or given twice.
    """
    given: dict[str, str] = {}
    for name, value in query.multi_items():
        if name not in known:
            raise bad_parameters([f"{parameter_name(name)} is unknown here"])
        if name in given:
            raise bad_parameters([f"{parameter_name(name)} is given more than once: give it once"])
        given[name] = value.strip()
    return {name: value for name, value in given.items() if value}


def word_in(kind: type[_Word], name: str, given: Mapping[str, str]) -> _Word | None:
    """The word that a parameter has, one of a closed list; None when it is not given.

    Raises:
        ProblemError: 400, it is none of them.
    """
    value = given.get(name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        raise bad_parameters([f"`{name}` must be one of {', '.join(kind)}"]) from None
