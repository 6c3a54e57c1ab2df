"""The list of organisations in an answer of Prometheus' HTTP service discovery, read as a whole or not at all.

The shape: https://prometheus.io/docs/prometheus/latest/http_sd/. Each target is an organization_id, and the labels of
its group are its attributes. A wrong shape refuses the whole answer, because half a list would look like a fleet of
which half is gone; one id that cannot be one is that id's own trouble.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exporter.model.facts import Organization
from exporter.model.words import ORGANIZATION_ID
from exporter.upstream.wire import WireError, decoded, repeated

MAX_NAME: Final = 200
"""Characters of a name that are kept; a configured one may not have more."""

_FIELDS: Final = frozenset({"targets", "labels"})
# Prometheus keeps labels that begin with __meta_ only for relabelling: some servers put all they know there.
_NAME: Final = ("name", "__meta_name")
_TENANT_ID: Final = ("xero_tenant_id", "__meta_xero_tenant_id")
_LABELS: Final = frozenset({*_NAME, *_TENANT_ID})
_TENANT_ID_SHAPE: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Listing:
    """Who is listed in one answer.

    Attributes:
        organizations: in the order of the answer, each id once: of one that stands there twice, the first counts.
        ids_rejected: targets that are no organization_id, and were left out.
        attributes_rejected: tenant ids and names that cannot be ones; their organisations are listed without.
    """

    organizations: tuple[Organization, ...]
    ids_rejected: int = 0
    attributes_rejected: int = 0


def parse_listing(body: bytes) -> Listing:
    """The list in the body of an answer. 100,000 groups of one target and two labels take half a second (Python 3.11).

    Raises:
        WireError: it is not a JSON array of objects with a list of texts in ``targets`` and, if at all, an object of
            texts in ``labels``. Other fields, and labels that mean nothing here, are not looked at.
    """
    document = decoded(body)
    if not isinstance(document, list):
        raise WireError("", "not a JSON array")
    found: dict[str, Organization] = {}
    ids_rejected = attributes_rejected = 0
    for group in document:
        targets, labels = _group(group)
        name, bad_name = _name(_label(labels, _NAME))
        tenant, bad_tenant = _tenant_id(_label(labels, _TENANT_ID))
        attributes_rejected += bad_name + bad_tenant
        for target in targets:
            if not ORGANIZATION_ID.fullmatch(target):
                ids_rejected += 1
            elif target not in found:
                found[target] = Organization(target, name, tenant)
    return Listing(tuple(found.values()), ids_rejected, attributes_rejected)


def _group(group: object) -> tuple[list[str], Mapping[str, object]]:
    if not isinstance(group, dict):
        raise WireError("", "an entry is not an object")
    labels = group.get("labels")
    labels = {} if labels is None else labels
    if not isinstance(labels, dict):
        raise WireError("labels", "not an object")
    for twice in (*repeated(group, _FIELDS), *repeated(labels, _LABELS)):
        raise WireError(twice, "given more than once in one entry")
    targets = group.get("targets")
    if not isinstance(targets, list):
        raise WireError("targets", "not a list")
    if not all(isinstance(target, str) for target in targets):
        raise WireError("targets", "not a list of texts")
    return targets, labels


def _label(labels: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    """The first of these labels that is there; an empty one is as good as none, as in Prometheus."""
    return next(_given(labels, names), None)


def _given(labels: Mapping[str, object], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = labels.get(name)
        if value is not None and not isinstance(value, str):
            raise WireError(f"labels.{name}", "not a text")
        if value:
            yield value


def _name(value: str | None) -> tuple[str | None, bool]:
    """The name to keep, and whether what was given cannot be one: half an emoji, cut off by whoever wrote it."""
    if value is None or not _SURROGATE.search(value):
        return (None if value is None else value[:MAX_NAME]), False
    return None, True


def _tenant_id(value: str | None) -> tuple[str | None, bool]:
    if value is None or _TENANT_ID_SHAPE.fullmatch(value):
        return value, False
    return None, True
