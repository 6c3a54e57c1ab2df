"""bench/results.md, the page to begin with: one table of all that has a target, and a section of each bench.

Each bench replaces its own rows and its own section, and leaves the others' as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

BENCHES: Final = ("scrape", "poll", "diagnosis", "rules", "hook", "pages", "soak")
"""In the order of the page; the first column of a row says whose it is."""

_SECTION: Final = re.compile(r"^<!-- (\w+) -->\n(.*?)^<!-- end of \1 -->\n", re.DOTALL | re.MULTILINE)
_HEAD: Final = """\
# What it costs

`make bench` and `make soak` write this page, each its own rows and section. Must and aim are for 10,000 organisations.
CPU is user and system. Times vary from machine to machine, ratios hold.

| of | what | ours | other | result | must | aim | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |
"""


def enter(path: Path, bench: str, rows: Sequence[Sequence[str]], section: str) -> None:
    """Puts the rows and the section of one bench into the page at `path`, which need not be there yet."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(entered(before, bench, rows, section), encoding="utf-8")


def entered(page: str, bench: str, rows: Sequence[Sequence[str]], section: str) -> str:
    """The page with the rows (what, ours, other, result, must, aim, verdict) and the section of one bench replaced."""
    sections = dict(_SECTION.findall(page)) | {bench: f"{section.strip()}\n"}
    lines = {name: [line for line in page.splitlines() if line.startswith(f"| {name} |")] for name in BENCHES}
    lines[bench] = [f"| {' | '.join((bench, *row))} |" for row in rows]
    table = "".join(f"{line}\n" for name in BENCHES for line in lines[name])
    marked = (f"<!-- {name} -->\n{sections[name]}<!-- end of {name} -->\n" for name in BENCHES if name in sections)
    return "\n".join((_HEAD + table, *marked))


def verdict(holds: bool | None) -> str:  # noqa: FBT001 - the verdict itself, not a switch
    """Whether a must is reached, in a word; none where there is no must."""
    return {None: "", True: "reached", False: "MISSED"}[holds]
