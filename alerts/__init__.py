"""The table of alerts and what is written from it: `python -m alerts` writes the YAML beside these modules.

One table keeps rules, routes, runbooks and tests from drifting apart. What it writes is committed: whoever uses the
rules reads and changes YAML, and needs none of this.
"""
