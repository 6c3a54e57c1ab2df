"""Acts, carefully: the alert is a hint, the fresh reading is the evidence, the ledger is the law.

Read it in this order: `policy` (what could help), `gates` (whether it may be done now), `outcome` (whether it helped),
all pure; `ledger` (what is written down, and when; `ledger.recording.cut_off`: what a crash left), `desk` (its async
face), `executor` (claims, reads, judges, calls, records).
"""
