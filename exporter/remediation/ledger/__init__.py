"""The ledger: every request, action, attempt and event, written before the call. The only room that knows SQL.

What must never happen is held by the database and not by careful code: `tables` has the unique indexes.
"""
