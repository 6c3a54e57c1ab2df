"""The page of all benches: each replaces what is its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.entry import BENCHES, enter, entered, verdict

ROW = ("a scrape", "1", "2", "2x", "1x", "", "reached")


def test_each_bench_replaces_its_own_rows_and_section_and_leaves_the_others() -> None:
    """In whatever order they run, the page is the same, and its rows are one table."""
    page = entered(
        "", "poll", [("a reading", "3", "4", "", "", "", ""), ("one more", "", "", "", "", "", "")], "## Poll\n\nbefore"
    )
    page = entered(page, "soak", [], "## Soak\n\n| what | holds |\n| --- | --- |\n| memory | yes |")
    page = entered(page, "scrape", [ROW], "## Scrape")
    page = entered(page, "poll", [("a reading", "5", "6", "", "", "", "MISSED")], "## Poll\n\nnew\n")
    lines = page.splitlines()
    table = lines.index("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    assert lines[table + 1 : table + 4] == [
        "| scrape | a scrape | 1 | 2 | 2x | 1x |  | reached |",
        "| poll | a reading | 5 | 6 |  |  |  | MISSED |",
        "",
    ]
    assert "before" not in page
    assert "one more" not in page
    assert [page.index(heading) for heading in ("## Scrape", "## Poll", "## Soak")] == sorted(
        page.index(heading) for heading in ("## Scrape", "## Poll", "## Soak")
    )
    assert "| memory | yes |" in page
    other = entered("", "scrape", [ROW], "## Scrape")
    other = entered(other, "poll", [("a reading", "5", "6", "", "", "", "MISSED")], "## Poll\n\nnew\n")
    other = entered(other, "soak", [], "## Soak\n\n| what | holds |\n| --- | --- |\n| memory | yes |")
    assert other == page
    assert entered(page, "scrape", [ROW], "## Scrape") == page


@pytest.mark.parametrize("bench", BENCHES)
def test_the_page_in_the_repository_has_what_each_bench_wrote(tmp_path: Path, bench: str) -> None:
    """And to write one of them again changes that one only."""
    kept = (Path(__file__).parents[2] / "bench/results.md").read_text(encoding="utf-8")
    assert f"<!-- {bench} -->\n## " in kept
    page = tmp_path / "results.md"
    page.write_text(kept, encoding="utf-8")
    enter(page, bench, [], "## Nothing")
    after = page.read_text(encoding="utf-8")
    for other in BENCHES:
        assert (f"<!-- {other} -->\n## Nothing\n" in after) is (other == bench)
        if other != bench:
            assert [line for line in after.splitlines() if line.startswith(f"| {other} |")] == [
                line for line in kept.splitlines() if line.startswith(f"| {other} |")
            ]


@pytest.mark.parametrize(("holds", "word"), [(None, ""), (True, "reached"), (False, "MISSED")])
def test_a_verdict_is_one_word(*, holds: bool | None, word: str) -> None:
    """Loud when a must is missed."""
    assert verdict(holds) == word
