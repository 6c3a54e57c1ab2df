"""A MemberPulse and a Xero over real sockets, whose organisations live through scripts of faults in accelerated time.

It imports no other room: what it says of the platform is read from the platform's own page, or an error of ours would
hide on both sides. Read it in this order: `timeline` (what a script is), `scripts` (the scripts), `fleets` (who lives
through which), `world` (what the platform holds now), `endpoints` (what it answers), `connection` and `server` (how).
Xero, which follows that world, is in `xero`, `xero_endpoints` and `xero_server`.
"""
