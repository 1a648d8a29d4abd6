"""What is known of a branch for telling people: the configuration's word, and where it is silent the register's."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from gateway.alerts.settings import AlertsConfig, PlaceConfig
from gateway.config import SiteConfig
from gateway.sites.site import Site

Register = Callable[[], Mapping[str, Site]]


class Places:
    """Who answers for a branch, and when it is open. Of the register's people only those of `[alerts.people]` count."""

    def __init__(self, config: AlertsConfig, register: Register = dict) -> None:
        self._config = config
        self._register = register

    def of(self, site: str) -> PlaceConfig:
        """A branch; one that nobody knows has nobody."""
        given = self._config.sites.get(site, PlaceConfig())
        known = self._register().get(site)
        if known is None:
            return given
        return msgspec.structs.replace(
            given,
            responsible=given.responsible or self._people(known.responsible),
            deputy=given.deputy or self._people(known.deputy),
            hours=(known.hours or None) if given.hours is None else given.hours,
        )

    def _people(self, text: str) -> tuple[str, ...]:
        return tuple(name for name in text.replace(",", " ").split() if name in self._config.people)


class Titles(Mapping[str, tuple[str, str]]):
    """English and Chinese title of a branch by its id; `""` where neither configuration nor register has one."""

    def __init__(self, config: Mapping[str, SiteConfig], register: Register = dict) -> None:
        self._config = config
        self._register = register

    def __getitem__(self, site: str) -> tuple[str, str]:
        words, known = self._config.get(site), self._register().get(site)
        if words is None and known is None:
            raise KeyError(site)
        words, known = words or SiteConfig(), known or Site(region="", site=site)
        return words.title_en or known.title_en, words.title_zh or known.title_zh

    def __iter__(self) -> Iterator[str]:
        return iter({**self._config, **self._register()})

    def __len__(self) -> int:
        return len({**self._config, **self._register()})
