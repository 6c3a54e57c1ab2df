"""Who is ours: merging, filtering, a file that changes, and the last good list."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.config.expressions import Expression
from exporter.errors import ConfigError
from exporter.model.facts import Organization
from exporter.model.words import RosterSource
from exporter.observe.roster import Filter, Roster, difference, merge


def roster(file: Path | None = None, static: tuple[str, ...] = (), admitted: Filter | None = None) -> Roster:
    """A loaded roster of these sources."""
    made = Roster(
        static=tuple(Organization(name) for name in static),
        file=file,
        admitted=admitted or Filter(),
        clock=SystemClock(),
    )
    made.load()
    return made


def ids(of: Roster) -> list[str]:
    """The ids in force."""
    return [one.id for one in of.organizations]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An organisations file with two entries."""
    path = tmp_path / "organizations.yml"
    path.write_text("- {id: org-1, name: One}\n- {id: org-2}\n")
    return path


def replace_with(file: Path, text: str) -> None:
    """Replaces the file as editors and Kubernetes do: a new file under the old name."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_of_an_organisation_in_two_lists_the_first_ones_attributes_win() -> None:
    """Static before file; nobody is there twice."""
    merged = merge([[Organization("a", name="first")], [Organization("a", name="second"), Organization("b")]])
    assert merged == (Organization("a", name="first"), Organization("b"))


@pytest.mark.parametrize(
    ("include", "exclude", "admitted"),
    [
        ([], [], ["org-1", "org-2", "test-1"]),
        (["org-.*"], [], ["org-1", "org-2"]),
        ([], ["test-.*"], ["org-1", "org-2"]),
        (["org-.*"], ["org-2"], ["org-1"]),
        (["org"], [], []),
        ([], ["org"], ["org-1", "org-2", "test-1"]),
        (["org-1"], ["org-1"], []),
    ],
)
def test_patterns_match_whole_ids_and_exclude_wins(include: list[str], exclude: list[str], admitted: list[str]) -> None:
    """`org` alone matches nobody."""
    chosen = Filter(tuple(map(Expression, include)), tuple(map(Expression, exclude)))
    assert [name for name in ("org-1", "org-2", "test-1") if chosen.admits(name)] == admitted


def test_both_sources_are_merged_and_filtered(file: Path) -> None:
    """And each source tells how many it lists."""
    made = roster(file, ("org-2", "org-3"), Filter(exclude=(Expression("org-1"),)))
    assert ids(made) == ["org-2", "org-3"]
    assert [(source.source, source.organizations) for source in made.sources] == [
        (RosterSource.STATIC, 2),
        (RosterSource.FILE, 2),
    ]


def test_an_unchanged_file_is_not_read_again(file: Path) -> None:
    """One stat tells."""
    assert not roster(file).changed()


def test_a_changed_file_replaces_the_list_whole(file: Path) -> None:
    """Removals take effect at once."""
    made = roster(file)
    replace_with(file, "- {id: org-2}\n- {id: org-9}\n")
    assert made.changed()
    assert made.reload() == ()
    assert ids(made) == ["org-2", "org-9"]
    assert not made.changed()


@pytest.mark.parametrize(
    "bad", ["", "no list", "- {id: org-1}\n- {id: ../etc}\n", "- {id: org-1}\n- {id: org-1}\n", "- {id: [\n", "\x00"]
)
def test_a_bad_edit_never_replaces_a_good_list(file: Path, bad: str) -> None:
    """It is refused whole, told, and forgotten when the file is mended."""
    made = roster(file)
    before = made.sources[0].last_success
    replace_with(file, bad)
    assert made.reload()
    assert ids(made) == ["org-1", "org-2"]
    assert made.sources[0].rejected
    assert made.sources[0].last_success == before
    replace_with(file, "- {id: org-7}\n")
    assert made.reload() == ()
    assert ids(made) == ["org-7"]
    assert not made.sources[0].rejected


def test_a_vanished_file_keeps_the_last_good_list(file: Path) -> None:
    """A mount that is gone for a moment is not a fleet that is gone."""
    made = roster(file)
    file.unlink()
    assert made.changed()
    assert made.reload()
    assert ids(made) == ["org-1", "org-2"]
    assert not made.changed()


def test_at_start_a_bad_file_is_a_configuration_fault(tmp_path: Path) -> None:
    """There is no last good list to keep."""
    with pytest.raises(ConfigError):
        roster(tmp_path / "missing.yml")


def test_the_log_tells_how_many_came_went_and_changed() -> None:
    """Counts, no names."""
    before = [Organization("a"), Organization("b"), Organization("c", name="old")]
    after = [Organization("b"), Organization("c", name="new"), Organization("d"), Organization("e")]
    assert difference(before, after) == {"added": 2, "removed": 1, "changed": 1}


def test_what_a_server_lists_comes_last_and_is_filtered_too(file: Path) -> None:
    """Static, file, http."""
    made = Roster(
        static=(Organization("org-1", "static"),),
        file=file,
        admitted=Filter(exclude=(Expression("test-.*"),)),
        clock=SystemClock(),
        discovered=True,
    )
    made.load()
    assert [source.source for source in made.sources] == list(RosterSource)
    assert ids(made) == ["org-1", "org-2"]
    made.take((Organization("org-2", "http"), Organization("org-3"), Organization("test-1")))
    assert made.organizations == (Organization("org-1", "static"), Organization("org-2"), Organization("org-3"))
    assert made.sources[-1].organizations == 3


def test_a_server_alone_is_a_source_and_no_empty_static_list_stands_beside_it() -> None:
    """Nobody is listed until it answers."""
    made = Roster(static=(), file=None, admitted=Filter(), clock=SystemClock(), discovered=True)
    made.load()
    assert [source.source for source in made.sources] == [RosterSource.HTTP]
    assert ids(made) == []
    assert made.waits_for


def test_a_changed_file_and_a_changed_list_do_not_undo_each_other(file: Path) -> None:
    """Each is merged with the other's last good list."""
    made = Roster(static=(), file=file, admitted=Filter(), clock=SystemClock(), discovered=True)
    made.load()
    made.take((Organization("http-1"),))
    replace_with(file, "- {id: org-9}\n")
    assert made.reload() == ()
    assert ids(made) == ["org-9", "http-1"]
    made.keep(rejected=True, held=False, why="it is garbage")
    assert ids(made) == ["org-9", "http-1"]
