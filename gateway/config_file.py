"""Reading the gateway's configuration file; every fault is named by its place, such as `$.store.url`."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from gateway import toml_places
from gateway.alerts.checks import alerts_faults, grade_faults, rule_faults
from gateway.alerts.rule_files import rule_names
from gateway.config import BrokerConfig, Config, SiteConfig, SqliteStoreConfig
from gateway.errors import ConfigurationError
from telemetry.ids import ID_PATTERN, RESERVED_REGION, is_id

CLIENT_PACKAGES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"paho": (), "gmqtt": ("gmqtt", "uvloop")})
"""By client of the broker, the modules it needs beside those of every gateway."""


class Fault(NamedTuple):
    """One thing that cannot stay: where it is, and what is wrong with what to do."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def load(path: Path) -> Config:
    """The configuration in the file, its paths made absolute; the files it names are not opened.

    Raises:
        ConfigurationError: If the file cannot be read, is no TOML, or breaks the shape; all faults found are named.
    """
    raw = _read(path)
    config = _convert(raw, path)
    faults = list(_disagreements(config))
    if faults:
        raise ConfigurationError(_text(path, faults))
    return _absolute(config, path.resolve().parent)


def require_files(config: Config) -> None:
    """See that every file the configuration names can be read, and that folders and packages it needs exist.

    Raises:
        ConfigurationError: Naming each place that leads nowhere.
    """
    faults = [*_unreadable(config), *_homeless(config), *_uninstalled(config.broker)]
    if faults:
        raise ConfigurationError("\n".join(map(str, faults)))


def require_client(broker: BrokerConfig) -> None:
    """See that the library that speaks MQTT is installed.

    Raises:
        ConfigurationError: If it is not.
    """
    for fault in _uninstalled(broker):
        raise ConfigurationError(str(fault))


def read_secret(path: str, place: str) -> str:
    """The one secret in a file, without the white space around it.

    Raises:
        ConfigurationError: If the file cannot be read or is empty.
    """
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{place}: cannot read {path}: {error}; give a file this user may read") from error
    if not secret:
        raise ConfigurationError(f"{place}: {path} is empty; put the secret into it")
    return secret


def _read(path: Path) -> dict[str, Any]:
    try:
        body = path.read_bytes()
    except OSError as error:
        advice = "give the file with --config; gateway/gateway.sample.toml is a beginning"
        raise ConfigurationError(f"cannot read {path}: {error.strerror}; {advice}") from error
    return toml_places.parse(body, str(path))


def _convert(raw: dict[str, Any], path: Path) -> Config:
    try:
        return toml_places.convert(raw, Config)
    except toml_places.ShapeError as error:
        raise ConfigurationError(_text(path, [Fault(error.place, error.text)])) from error


def _disagreements(config: Config) -> Iterator[Fault]:
    if not is_id(config.gateway):
        yield Fault("$.gateway", f"{config.gateway!r} does not match {ID_PATTERN}")
    yield from _region_faults(config.regions)
    broker = config.broker
    if not broker.host or any(letter.isspace() for letter in broker.host):
        yield Fault("$.broker.host", f"{broker.host!r} is no name or address")
    if broker.password_file and not broker.username:
        yield Fault("$.broker.username", "is missing; a password goes with a name")
    if (broker.cert_file is None) != (broker.key_file is None):
        yield Fault("$.broker.cert_file", "and key_file go together; give both or none")
    if broker.cert_file and not broker.ca_file:
        yield Fault("$.broker.ca_file", "is missing; with a certificate of our own the broker's must be checked too")
    if broker.reconnect_max_s < broker.reconnect_min_s:
        yield Fault("$.broker.reconnect_max_s", f"is shorter than reconnect_min_s ({broker.reconnect_min_s:g})")
    if not config.http.on_loopback and config.http.token_file is None:
        advice = "give [http] token_file, or listen on 127.0.0.1"
        yield Fault("$.http.host", f"{config.http.host!r} can be reached by others, and no token protects it; {advice}")
    for site, words in config.sites.items():
        yield from _site_faults(site, words)
    for room in config.rooms:
        if not is_id(room):
            yield Fault(f"$.rooms.{room}", f"{room!r} does not match {ID_PATTERN}")
    for place, text in (*rule_faults(config.rule), *alerts_faults(config.alerts)):
        yield Fault(place, text)
    for place, text in grade_faults(config.alerts, rule_names(config.rule)):
        yield Fault(place, text)


def _region_faults(regions: tuple[str, ...]) -> Iterator[Fault]:
    if not regions:
        yield Fault("$.regions", "names no region; the gateway would hear nobody")
    for place, region in enumerate(regions):
        if not is_id(region):
            yield Fault(f"$.regions[{place}]", f"{region!r} does not match {ID_PATTERN}")
        elif region == RESERVED_REGION:
            yield Fault(f"$.regions[{place}]", f"{region!r} is taken for the gateways themselves; choose another")
        elif region in regions[:place]:
            yield Fault(f"$.regions[{place}]", f"{region!r} stands twice; once is enough")


def _site_faults(site: str, words: SiteConfig) -> Iterator[Fault]:
    if not is_id(site):
        yield Fault(f"$.sites.{site}", f"{site!r} does not match {ID_PATTERN}")
    if words.time_zone:
        try:
            ZoneInfo(words.time_zone)
        except (OSError, ValueError, LookupError):
            advice = "give one of the IANA table, such as Asia/Shanghai"
            yield Fault(f"$.sites.{site}.time_zone", f"{words.time_zone!r} is no time zone known here; {advice}")


def _files(config: Config) -> Iterator[tuple[str, str]]:
    for section in ("broker", "store", "http"):
        struct = getattr(config, section)
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            if name.endswith("_file") and value is not None:
                yield f"$.{section}.{name}", value
    if config.alerts.link_key_file is not None:
        yield "$.alerts.link_key_file", config.alerts.link_key_file
    if config.alerts.deadman.url_file is not None:
        yield "$.alerts.deadman.url_file", config.alerts.deadman.url_file
    for channel, table in config.alerts.channels.items():
        for name in ("key_file", "secret_file", "url_file"):
            value = getattr(table, name)
            if value is not None:
                yield f"$.alerts.channels.{channel}.{name}", value


def _unreadable(config: Config) -> Iterator[Fault]:
    for place, name in _files(config):
        try:
            with Path(name).open("rb") as file:
                file.read(1)
        except OSError as error:
            yield Fault(place, f"cannot read {name}: {error.strerror}; give a file this user may read")


def _homeless(config: Config) -> Iterator[Fault]:
    if isinstance(config.store, SqliteStoreConfig) and not Path(config.store.path).parent.is_dir():
        yield Fault("$.store.path", f"there is no folder {Path(config.store.path).parent}; make it first")
    for channel, table in config.alerts.channels.items():
        if table.path is not None and not Path(table.path).parent.is_dir():
            yield Fault(
                f"$.alerts.channels.{channel}.path", f"there is no folder {Path(table.path).parent}; make it first"
            )
    file = _sqlite_file(config.state.url)
    if file is not None and not Path(file).parent.is_dir():
        yield Fault("$.state.url", f"there is no folder {Path(file).parent}; make it first")


def _uninstalled(broker: BrokerConfig) -> Iterator[Fault]:
    missing = [name for name in CLIENT_PACKAGES[broker.client] if find_spec(name) is None]
    if missing:
        advice = 'pip install "openhall[gateway,fast]", or client = "paho"'
        yield Fault("$.broker.client", f"needs {' and '.join(missing)}, which this Python has not; {advice}")


def _sqlite_file(url: str) -> str | None:
    head, _, file = url.partition(":///")
    return file if head.partition("+")[0] == "sqlite" and file and not file.startswith(":") else None


def _absolute(config: Config, folder: Path) -> Config:
    replaced: dict[str, Any] = {}
    for section in ("broker", "store", "http"):
        struct = getattr(config, section)
        replaced[section] = _rooted(struct, folder)
    channels = {name: _rooted(channel, folder) for name, channel in config.alerts.channels.items()}
    deadman = _rooted(config.alerts.deadman, folder)
    replaced["alerts"] = msgspec.structs.replace(_rooted(config.alerts, folder), channels=channels, deadman=deadman)
    file = _sqlite_file(config.state.url)
    if file is not None:
        head = config.state.url.partition(":///")[0]
        replaced["state"] = msgspec.structs.replace(config.state, url=f"{head}:///{folder / file}")
    return msgspec.structs.replace(config, **replaced)


_Table = TypeVar("_Table", bound=msgspec.Struct)


def _rooted(table: _Table, folder: Path) -> _Table:
    paths = {
        name: str(folder / value)
        for name in table.__struct_fields__
        if (name.endswith("_file") or name == "path") and (value := getattr(table, name)) is not None
    }
    return msgspec.structs.replace(table, **paths)


def _text(path: Path, faults: Iterable[Fault]) -> str:
    return "\n".join(f"{path}: {fault}" for fault in faults)
