"""docs/config.md says what the schema does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.config.keys import Key, keys_of
from exporter.config.load import load
from exporter.config.reference import EXAMPLE, config_reference
from exporter.config.schema import Config
from exporter.config.yaml_document import read_document

KEYS = list(keys_of(Config))
ROWS = {line.split(" | ")[0].strip("| `"): line for line in config_reference().splitlines() if line.startswith("| `")}


def test_every_key_below_the_sections_has_its_row() -> None:
    """And there is no row of a key that does not exist."""
    assert set(ROWS) == {key.where for key in KEYS if len(key.path) > 1}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.where)
def test_every_key_is_described(key: Key) -> None:
    """In a sentence, with words for its value."""
    assert key.description.endswith(".")
    assert key.words


@pytest.mark.parametrize(
    ("where", "cells"),
    [
        ("platform.url", ("URL", "must be given", "`XERO_EXPORTER_PLATFORM__URL`")),
        ("platform.timeout", ("duration from 1ms to 5m", "`10s`", "`XERO_EXPORTER_PLATFORM__TIMEOUT`")),
        ("platform.max_requests_per_second", ("number above 0", "`200`")),
        ("poll.stale_after", ("or null", "`null`")),
        ("web.listen", ("HOST:PORT", "`127.0.0.1:9869`")),
        ("web.tokens[].role", ("viewer, alerts or operator", "must be given")),
        ("expose.organization_names", ("true or false", "`false`")),
        ("organizations.include", ("list of regular expressions", "`[]`")),
    ],
)
def test_a_row_says_type_default_and_variable(where: str, cells: tuple[str, ...]) -> None:
    """As they are written in the file."""
    assert [cell for cell in cells if cell not in ROWS[where]] == []


def test_keys_within_lists_have_no_variable() -> None:
    """A list is set as a whole."""
    assert not [line for where, line in ROWS.items() if "[]" in where and "XERO_EXPORTER_" in line]


def test_every_row_has_five_cells() -> None:
    """No text breaks the table."""
    assert {len(re.split(r"(?<!\\)\|", row)) for row in ROWS.values()} == {7}


def test_the_page_ends_with_one_line_break() -> None:
    """As files do."""
    page = config_reference()
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


def test_the_example_loads(tmp_path: Path) -> None:
    """People copy it."""
    file = tmp_path / "exporter.yml"
    file.write_text(EXAMPLE)
    assert load(file, {}).platform.token_file == Path("/run/secrets/platform-token")
    assert EXAMPLE in config_reference()


def test_the_example_shows_every_key_but_inline_tokens() -> None:
    """Those are the ones that check-config warns of."""
    root = read_document(EXAMPLE, "example").root
    shown: set[str] = set()

    def walk(node: object, where: str) -> None:
        if isinstance(node, dict):
            for key, inner in node.items():
                shown.add(f"{where}.{key}".lstrip("."))
                walk(inner, f"{where}.{key}".lstrip("."))
        if isinstance(node, list):
            for inner in node:
                walk(inner, f"{where}[]")

    walk(root, "")
    assert {key.where for key in KEYS} - shown == {"platform.token", "organizations.http.token", "web.tokens[].token"}


def test_every_variable_is_unique() -> None:
    """Or one would hide the other."""
    variables = [key.variable for key in KEYS if key.variable]
    assert len(variables) == len(set(variables))
