"""The organisations file: taken whole or refused whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exporter.config.load import load_organizations
from exporter.errors import ConfigError, Fault
from exporter.model.facts import Organization


@pytest.fixture
def organizations_file(tmp_path: Path) -> Path:
    """Where the list is written."""
    return tmp_path / "organizations.yml"


def faults(file: Path, text: str) -> tuple[Fault, ...]:
    """Everything that is found wrong."""
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_organizations(file)
    return refused.value.faults


def test_a_list_is_read_in_its_order(organizations_file: Path) -> None:
    """With names and tenants where they are given."""
    organizations_file.write_text(
        "- id: b\n  name: Harbour Rowing Club\n- {id: a, xero_tenant_id: 5f4e-1, name: null}\n"
    )
    assert load_organizations(organizations_file) == (
        Organization("b", "Harbour Rowing Club"),
        Organization("a", None, "5f4e-1"),
    )


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read(organizations_file: Path, indent: int | str | None) -> None:
    """However it was written."""
    listed = [{"id": "a", "name": 'Café 😀 \\ "/" \t'}, {"id": "b"}]
    organizations_file.write_text(json.dumps(listed, indent=indent))
    assert [found.name for found in load_organizations(organizations_file)] == [listed[0]["name"], None]


def test_an_explicit_empty_list_is_a_list(organizations_file: Path) -> None:
    """Somebody meant it."""
    organizations_file.write_text("[]\n")
    assert load_organizations(organizations_file) == ()


@pytest.mark.parametrize("text", ["", "# being written\n", "null\n"])
def test_an_empty_file_is_refused(organizations_file: Path, text: str) -> None:
    """It is what a half-done write looks like, and would drop every organisation."""
    (fault,) = faults(organizations_file, text)
    assert "empty" in fault.what


@pytest.mark.parametrize("text", ["organizations: []\n", "org-1\n", '{"id": "a"}'])
def test_what_is_no_list_is_refused(organizations_file: Path, text: str) -> None:
    """A list is the only shape."""
    (fault,) = faults(organizations_file, text)
    assert "list" in fault.what


def test_every_fault_is_told_with_index_and_place(organizations_file: Path) -> None:
    """And nothing of the list is taken."""
    found = faults(
        organizations_file,
        "- id: a\n- id: a/b\n- name: x\n- id: a\n- {id: c, id: d}\n- org-1\n- {id: e, nmae: x}\n-\n",
    )
    assert [(fault.where, fault.line) for fault in found] == [
        ("[1].id", 2),
        ("[2].id", 3),
        ("[3].id", 4),
        ("[4].id", 5),
        ("[5]", 6),
        ("[6].nmae", 7),
        ("[7]", 8),
    ]
    assert "[0].id" in found[2].what
    assert "did you mean `name`?" in found[5].what


def test_a_half_written_file_is_one_fault(organizations_file: Path) -> None:
    """Cut in the middle of JSON."""
    (fault,) = faults(organizations_file, '[{"id": "a"}, {"id": ')
    assert fault.line is not None
    assert "not valid YAML" in fault.what


def test_a_missing_file_is_one_fault(organizations_file: Path) -> None:
    """Said in a word."""
    with pytest.raises(ConfigError, match=r"organizations\.yml: does not exist"):
        load_organizations(organizations_file)


def test_ten_thousand_organizations_are_read_and_the_last_one_judged(organizations_file: Path) -> None:
    """As many as one process is to watch."""
    lines = [f"- {{id: org-{number}, name: Club {number}}}\n" for number in range(10_000)]
    organizations_file.write_text("".join(lines))
    assert len(load_organizations(organizations_file)) == 10_000
    (fault,) = faults(organizations_file, "".join([*lines, "- {id: org-0}\n"]))
    assert (fault.where, fault.line) == ("[10000].id", 10_001)
