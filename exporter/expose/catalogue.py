"""Every metric family of the organisations and the fleet, once, in the order of the page.

Pages, documentation and checks are all made from these. Data families give no sample while the fold withholds the
status (never answered, or older than stale_after); the ``xero_poll_`` families stay, so an absent value never hides
why it is absent.
"""

from __future__ import annotations

from exporter.expose.entry import FleetFamily, OrganizationFamily, Sample, shown
from exporter.expose.fleet_entries import FLEET_FAMILIES
from exporter.expose.judged_entries import JUDGED
from exporter.expose.organization_entries import FACTS, INFO, INFO_WITH_NAME

__all__ = ["FLEET_FAMILIES", "FleetFamily", "OrganizationFamily", "Sample", "organization_families", "shown"]


def organization_families(*, names: bool) -> tuple[OrganizationFamily, ...]:
    """The families with samples for each organisation, in the order of the page.

    Args:
        names: whether organisations' names may be shown (``expose.organization_names``).
    """
    return (INFO_WITH_NAME if names else INFO, *FACTS, *JUDGED)
