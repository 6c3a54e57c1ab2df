"""`python -m dashboards`: writes what is committed below ``json/``."""

from __future__ import annotations

from pathlib import Path

from dashboards.writing import write

if __name__ == "__main__":
    write(Path(__file__).parent / "json")
