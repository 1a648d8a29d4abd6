"""Reading the gateway's configuration file; every fault is named by its place, such as `$.store.url`."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from gateway.config import Config, InfluxStoreConfig, RuleConfig, SiteConfig, SqliteStoreConfig
from gateway.errors import ConfigurationError
from telemetry.ids import ID_PATTERN, RESERVED_REGION, is_id
from telemetry.quantities import WIRE_QUANTITIES

MAX_FILE_BYTES: Final = 1_000_000


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
    """See that every file the configuration names can be read, and that folders for its own files exist.

    Raises:
        ConfigurationError: Naming each place that leads nowhere.
    """
    faults = [*_unreadable(config), *_homeless(config)]
    if faults:
        raise ConfigurationError("\n".join(map(str, faults)))


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
    if len(body) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{path} has {len(body)} bytes, more than {MAX_FILE_BYTES}; is it the right file?")
    try:
        return tomllib.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}; https://toml.io has the grammar") from error


def _convert(raw: dict[str, Any], path: Path) -> Config:
    try:
        # A site's own fault is looked for first: in the whole, msgspec would call its key [...].
        for site, table in (raw.get("sites") or {}).items() if isinstance(raw.get("sites"), dict) else ():
            _converted(table, SiteConfig, f"$.sites.{site}")
        config: Config = _converted(raw, Config, "$")
    except _ShapeError as error:
        raise ConfigurationError(_text(path, [error.fault])) from error
    return config


class _ShapeError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def _converted(raw: object, kind: type[Any], base: str) -> Any:
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _ShapeError(_explained(str(error), base)) from error


def _explained(text: str, base: str) -> Fault:
    """The words of msgspec with the whole place, and advice for a key that nobody knows."""
    words, _, tail = text.partition(" - at `$")
    place = base + tail.rstrip("`")
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", words, re.DOTALL)
    if unknown is None:
        missing = re.fullmatch(r"Object missing required field `(.*)`", words)
        return Fault(f"{place}.{missing[1]}", "is missing; it must be given") if missing else Fault(place, words)
    known = _known_keys(place)
    near = difflib.get_close_matches(unknown[1], known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
    return Fault(f"{place}.{unknown[1]}", f"is no setting; {advice}")


def _known_keys(place: str) -> list[str]:
    section = re.sub(r"\[\d+\]", "", place).removeprefix("$").removeprefix(".").partition(".")[0]
    kinds: dict[str, tuple[type[msgspec.Struct], ...]] = {
        "": (Config,),
        "store": (SqliteStoreConfig, InfluxStoreConfig),
        "rule": (RuleConfig,),
        "sites": (SiteConfig,),
    }
    for field in msgspec.structs.fields(Config):
        if isinstance(field.default, msgspec.Struct) and field.name not in kinds:
            kinds[field.name] = (type(field.default),)
    found = kinds.get(section, ())
    return [name for kind in found for name in kind.__struct_encode_fields__] + (["kind"] if section == "store" else [])


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
    yield from _rule_faults(config.rule)


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


def _rule_faults(rules: tuple[RuleConfig, ...]) -> Iterator[Fault]:
    names: set[str] = set()
    for number, rule in enumerate(rules):
        place = f"$.rule[{number}]"
        if rule.name in names:
            yield Fault(f"{place}.name", f"{rule.name!r} stands twice; each rule has a name of its own")
        names.add(rule.name)
        if rule.quantity not in WIRE_QUANTITIES:
            near = difflib.get_close_matches(rule.quantity, WIRE_QUANTITIES, n=1)
            advice = f"; did you mean {near[0]!r}?" if near else ""
            yield Fault(f"{place}.quantity", f"{rule.quantity!r} is no quantity that sensors measure{advice}")
        if (rule.above is None) == (rule.below is None):
            yield Fault(place, "has one limit: give either above or below")
        elif rule.recover is not None and not _is_quiet(rule, rule.recover):
            side = "above" if rule.above is not None else "below"
            yield Fault(f"{place}.recover", f"{rule.recover:g} is itself {side} the limit; the alarm would never end")
        for word in ("region", "site", "room", "kind"):
            value = getattr(rule, word)
            if value is not None and not is_id(value):
                yield Fault(f"{place}.{word}", f"{value!r} does not match {ID_PATTERN}")


def _is_quiet(rule: RuleConfig, value: float) -> bool:
    return value <= rule.above if rule.above is not None else rule.below is not None and value >= rule.below


def _files(config: Config) -> Iterator[tuple[str, str]]:
    for section in ("broker", "store", "http"):
        struct = getattr(config, section)
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            if name.endswith("_file") and value is not None:
                yield f"$.{section}.{name}", value


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
    file = _sqlite_file(config.state.url)
    if file is not None and not Path(file).parent.is_dir():
        yield Fault("$.state.url", f"there is no folder {Path(file).parent}; make it first")


def _sqlite_file(url: str) -> str | None:
    head, _, file = url.partition(":///")
    return file if head.partition("+")[0] == "sqlite" and file and not file.startswith(":") else None


def _absolute(config: Config, folder: Path) -> Config:
    replaced: dict[str, Any] = {}
    for section in ("broker", "store", "http"):
        struct = getattr(config, section)
        paths = {
            name: str(folder / value)
            for name in struct.__struct_fields__
            if (name.endswith("_file") or name == "path") and (value := getattr(struct, name)) is not None
        }
        replaced[section] = msgspec.structs.replace(struct, **paths)
    file = _sqlite_file(config.state.url)
    if file is not None:
        head = config.state.url.partition(":///")[0]
        replaced["state"] = msgspec.structs.replace(config.state, url=f"{head}:///{folder / file}")
    return msgspec.structs.replace(config, **replaced)


def _text(path: Path, faults: Iterable[Fault]) -> str:
    return "\n".join(f"{path}: {fault}" for fault in faults)
