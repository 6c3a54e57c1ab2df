"""`python -m alerts`: writes what is committed beside this file; with options, the same elsewhere and faster."""

from __future__ import annotations

import argparse
from pathlib import Path

from alerts.routes import scaled_routes
from alerts.stories import all_stories
from alerts.story import promtool_yaml
from alerts.table import rule_files
from alerts.thresholds import SHIPPED
from alerts.writing import alerts_table, prometheus_rule_yaml, rules_yaml, with_table

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "alerting.md"


def write(folder: Path, scale: float = 1.0) -> None:
    """Writes rules and the operator's objects; here also the stories and the table in docs/, elsewhere the routes.

    Args:
        folder: where; files that people write stay as they are.
        scale: all durations are divided by it.
    """
    limits = SHIPPED.scaled(scale)
    for name in ("rules", "operator"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for file in rule_files(limits):
        (folder / "rules" / f"{file.name}.yml").write_text(rules_yaml(file, limits), encoding="utf-8")
        operator = folder / "operator" / f"{file.name}-rules.yml"
        operator.write_text(prometheus_rule_yaml(file, limits), encoding="utf-8")
    if folder == HERE:
        for story in all_stories():
            (folder / "tests" / f"{story.name}.yml").write_text(promtool_yaml(story), encoding="utf-8")
        page = with_table(PAGE.read_text(encoding="utf-8"), alerts_table(rule_files(limits)))
        PAGE.write_text(page, encoding="utf-8")
    else:
        routes = (HERE / "alertmanager.yml").read_text(encoding="utf-8")
        (folder / "alertmanager.yml").write_text(scaled_routes(routes, scale), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m alerts", description="Write the rules.")
    parser.add_argument("--output", type=Path, default=HERE, help="folder; the project's own by default")
    parser.add_argument("--time-scale", type=float, default=1.0, help="divide all durations by this, for tests")
    given = parser.parse_args()
    if given.time_scale <= 0:
        parser.error("--time-scale must be positive")
    if given.time_scale != 1 and given.output == HERE:
        parser.error("--time-scale needs --output: the committed rules are unscaled")
    write(given.output, given.time_scale)


if __name__ == "__main__":
    main()
