"""One branch as the API shows it: what was heard of it, what the configuration calls it, what the register knows."""

from collections.abc import Mapping
from decimal import Decimal

from gateway.board import answers
from gateway.board.languages import CHINESE
from gateway.config import SiteConfig
from gateway.ingest.directory import SiteView
from gateway.sites.site import Site
from telemetry.clock import to_seconds


def site_answer(
    name: str, view: SiteView | None, words: SiteConfig | None, register: Mapping[str, Site], language: str
) -> answers.Site:
    """The answer about a branch.

    Args:
        name: Its id.
        view: What was heard of it; None if nothing ever was.
        words: What the configuration calls it, if anything.
        register: The register, by site id.
        language: Of the title.
    """
    words = words or SiteConfig()
    known = register.get(name)
    row = known or Site(region="", site=name)
    titles = (words.title_en or row.title_en, words.title_zh or row.title_zh)
    first, second = reversed(titles) if language == CHINESE else titles
    return answers.Site(
        site=name,
        region=row.region if view is None else view.region,
        title=first or second or name,
        online=view is not None and view.online,
        last_seen=None if view is None or view.last_seen_ms is None else to_seconds(view.last_seen_ms),
        points=0 if view is None else view.points,
        time_zone=words.time_zone,
        registered=known is not None if register else None,
        address=row.address,
        longitude=_float(row.longitude),
        latitude=_float(row.latitude),
        hours=row.hours,
        area_m2=_float(row.area_m2),
    )


def _float(number: Decimal | None) -> float | None:
    return None if number is None else float(number)
