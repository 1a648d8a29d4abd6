"""What the configuration takes, what it refuses and in which words, and that its sample and README tell the truth."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway
from gateway import config as configuration
from gateway.alerts import settings as alert_settings
from gateway.alerts.checks import alerts_faults
from gateway.cases.settings import AcceptanceConfig
from gateway.config import Config, InfluxStoreConfig, SqliteStoreConfig
from gateway.config_file import load, read_secret, require_files
from gateway.errors import ConfigurationError
from gateway.ingest.settings import IngestSettings

FOLDER = Path(gateway.__file__).parent
SMALLEST = 'gateway = "gw"\nregions = ["north"]\n'

TABLES: dict[str, type[msgspec.Struct]] = {
    "broker": configuration.BrokerConfig,
    "state": configuration.StateConfig,
    "http": configuration.HttpConfig,
    "log": configuration.LogConfig,
    "ingest": IngestSettings,
    "acceptance": AcceptanceConfig,
}


def loaded(folder: Path, text: str) -> Config:
    file = folder / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder, text)
    return str(caught.value)


def test_two_lines_are_enough_and_the_rest_has_the_defaults(tmp_path: Path) -> None:
    """Id and regions must be given, nothing else."""
    config = loaded(tmp_path, SMALLEST)
    assert (config.gateway, config.regions) == ("gw", ("north",))
    assert config.broker.effective_port == 1883
    assert config.http.host == "127.0.0.1"
    assert config.store == SqliteStoreConfig(path=str(tmp_path / "readings.sqlite3"))
    assert config.state.url == f"sqlite:///{tmp_path}/state.sqlite3"


def test_relative_paths_start_at_the_file_and_absolute_ones_stay(tmp_path: Path) -> None:
    """A configuration and what belongs to it can be moved together."""
    config = loaded(
        tmp_path,
        SMALLEST
        + '[broker]\nusername = "gw"\npassword_file = "secret"\nca_file = "/etc/ca.pem"\n'
        + '[store]\nkind = "influx"\nurl = "https://influx:8086"\ntoken_file = "keys/token"\n'
        + '[state]\nurl = "postgresql+psycopg://db/openhall"\n[http]\ntoken_file = "tokens"\n',
    )
    assert config.broker.password_file == str(tmp_path / "secret")
    assert config.broker.ca_file == "/etc/ca.pem"
    assert config.broker.effective_port == 8883
    assert isinstance(config.store, InfluxStoreConfig)
    assert config.store.token_file == str(tmp_path / "keys" / "token")
    assert config.state.url == "postgresql+psycopg://db/openhall"
    assert config.http.token_file == str(tmp_path / "tokens")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["$.gateway", "is missing"]),
        ('gateway = "gw"\nregions = []', ["$.regions", "names no region"]),
        ('gateway = "GW"\nregions = ["a"]', ["$.gateway", "'GW'"]),
        ('gateway = "gw"\nregions = ["a", "gateway"]', ["$.regions[1]", "taken"]),
        ('gateway = "gw"\nregions = ["a", "b", "a"]', ["$.regions[2]", "twice"]),
        ('gateway = "gw"\nregions = "a"', ["$.regions", "array"]),
        (SMALLEST + "colour = 1", ["$.colour", "is no setting"]),
        (SMALLEST + '[broker]\nhots = "a"', ["$.broker.hots", "did you mean 'host'"]),
        (SMALLEST + "[broker]\nport = 70000", ["$.broker.port", "65535"]),
        (SMALLEST + '[broker]\nport = "1883"', ["$.broker.port", "got `str`"]),
        (SMALLEST + '[broker]\nhost = "a b"', ["$.broker.host"]),
        (SMALLEST + '[broker]\npassword_file = "p"', ["$.broker.username", "missing"]),
        (SMALLEST + '[broker]\ncert_file = "c"', ["$.broker.cert_file", "key_file"]),
        (SMALLEST + '[broker]\ncert_file = "c"\nkey_file = "k"', ["$.broker.ca_file"]),
        (SMALLEST + "[broker]\nreconnect_min_s = 9.0\nreconnect_max_s = 1.0", ["$.broker.reconnect_max_s"]),
        (SMALLEST + '[store]\npath = "a"', ["$.store.kind", "is missing"]),
        (SMALLEST + '[store]\nkind = "mongo"', ["$.store.kind", "mongo"]),
        (SMALLEST + '[store]\nkind = "sqlite"\nurl = "http://a"', ["$.store.url", "is no setting"]),
        (SMALLEST + '[store]\nkind = "influx"', ["$.store.url", "is missing"]),
        (SMALLEST + '[store]\nkind = "influx"\nurl = "influx:8086"', ["$.store.url"]),
        (SMALLEST + '[store]\nkind = "influx"\nurl = "http://a"\nbucket_prefix = "a/"', ["$.store.bucket_prefix"]),
        (SMALLEST + '[http]\nhost = "0.0.0.0"', ["$.http.host", "token_file"]),
        (SMALLEST + "[ingest]\nonline = 3", ["$.ingest.online", "did you mean 'online_s'"]),
        (SMALLEST + "[ingest]\nround_points = 6000", ["$.ingest.round_points", "5000"]),
        (SMALLEST + '[log]\nlevel = "loud"', ["$.log.level", "loud"]),
        (SMALLEST + '[sites.hall-1]\ntitle = "A"', ["$.sites.hall-1.title", "title_zh"]),
        (SMALLEST + "[sites.hall-1]\ntitle_en = 3", ["$.sites.hall-1.title_en", "`str`"]),
        (SMALLEST + '[sites.hall-1]\ntime_zone = "Mars/Base"', ["$.sites.hall-1.time_zone", "Asia/Shanghai"]),
        (SMALLEST + '[sites."Hall 1"]\ntitle_en = "A"', ["$.sites.Hall 1"]),
        (SMALLEST + "sites = 3", ["$.sites", "object"]),
    ],
)
def test_a_fault_is_named_by_its_place_with_what_to_do(tmp_path: Path, text: str, words: list[str]) -> None:
    """Every refusal names the file, the place and the fault."""
    answer = refusal(tmp_path, text)
    assert answer.startswith(f"{tmp_path}/gateway.toml: ")
    for word in words:
        assert word in answer


RULE = '[[rule]]\nname = "r1"\nseverity = "warning"\nquantity = "co2_ppm"\n'


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (RULE, ["$.rule[0]", "either above or below"]),
        (RULE + "above = 1.0\nbelow = 2.0", ["$.rule[0]", "either above or below"]),
        (RULE + "above = 1000.0\nrecover = 1100.0", ["$.rule[0].recover", "never end"]),
        (RULE + "below = 16.0\nrecover = 15.0", ["$.rule[0].recover", "never end"]),
        (RULE + "above = 1.0\nfor_s = -1", ["$.rule[0].for_s"]),
        (RULE + 'above = 1.0\nsite = "Hall 1"', ["$.rule[0].site"]),
        (RULE + 'above = 1.0\nscope = "x"', ["$.rule[0].scope", "is no setting"]),
        (RULE + "above = 1.0\n" + RULE + "above = 2.0", ["$.rule[1].name", "twice"]),
        (RULE.replace("co2_ppm", "co2") + "above = 1.0", ["$.rule[0].quantity", "'co2_ppm'"]),
        (
            RULE.replace("co2_ppm", "bacteria_cfu_m3") + "above = 1.0",
            ["$.rule[0].quantity", "no quantity that sensors"],
        ),
    ],
)
def test_a_rule_is_checked_in_its_shape(tmp_path: Path, rule: str, words: list[str]) -> None:
    """Even before an engine follows the rules, a rule that could not mean anything is refused."""
    answer = refusal(tmp_path, SMALLEST + rule)
    for word in words:
        assert word in answer


def test_a_good_rule_is_taken(tmp_path: Path) -> None:
    """The contract's words for a rule, all of them."""
    text = RULE + 'above = 1000.0\nrecover = 900.0\nfor_s = 300\nrecover_for_s = 60\nroom = "hall"\nkind = "air"\n'
    rule = loaded(tmp_path, SMALLEST + text + 'region = "north"\nsite = "hall-1"').rule[0]
    assert (rule.above, rule.recover, rule.for_s, rule.site) == (1000.0, 900.0, 300.0, "hall-1")


def test_all_disagreements_are_named_at_once(tmp_path: Path) -> None:
    """Nobody should have to mend one line to be told of the next."""
    answer = refusal(tmp_path, 'gateway = "GW"\nregions = ["gateway"]\n[http]\nhost = "::"\n')
    assert [line.split(": ")[1] for line in answer.splitlines()] == ["$.gateway", "$.regions[0]", "$.http.host"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"gateway = ", "no TOML"),
        (b"\xff\xfe\x00", "not UTF-8 at byte 0"),
        (b"# " + b"x" * 1_000_001, "is it the right file"),
        (b"a = " + b"[" * 5_000, "no TOML"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_in_words(tmp_path: Path, body: bytes, words: str) -> None:
    """Whatever the bytes are, the answer is a sentence."""
    file = tmp_path / "gateway.toml"
    file.write_bytes(body)
    with pytest.raises(ConfigurationError, match=words):
        load(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the way to a first one."""
    with pytest.raises(ConfigurationError, match="sample"):
        load(tmp_path / "none.toml")


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    """One error type, whatever stands in the file."""
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(body)
    with pytest.raises(ConfigurationError):
        load(file)


def test_files_that_are_named_must_be_there(tmp_path: Path) -> None:
    """check-config says so before the program is started in earnest; each place is named."""
    config = loaded(
        tmp_path,
        SMALLEST
        + '[broker]\nusername = "gw"\npassword_file = "secret"\n[store]\nkind = "sqlite"\npath = "no/readings"\n'
        + '[state]\nurl = "sqlite:///none/state"\n[http]\ntoken_file = "tokens"\n',
    )
    with pytest.raises(ConfigurationError) as caught:
        require_files(config)
    places = [line.split(":")[0] for line in str(caught.value).splitlines()]
    assert places == ["$.broker.password_file", "$.http.token_file", "$.store.path", "$.state.url"]
    (tmp_path / "secret").write_text("s", encoding="ascii")
    (tmp_path / "tokens").write_text("t", encoding="ascii")
    (tmp_path / "no").mkdir()
    (tmp_path / "none").mkdir()
    require_files(config)


def test_a_secret_is_what_stands_in_its_file_without_white_space(tmp_path: Path) -> None:
    """Editors end files with a line end; an empty file is a fault."""
    file = tmp_path / "secret"
    file.write_text("  pässword \n", encoding="utf-8")
    assert read_secret(str(file), "$.x") == "pässword"
    file.write_text("\n", encoding="ascii")
    with pytest.raises(ConfigurationError, match=r"\$\.x: .* is empty"):
        read_secret(str(file), "$.x")


def sample(*, uncomment: str = "") -> dict[str, object]:
    text = (FOLDER / "gateway.sample.toml").read_text(encoding="utf-8")
    return tomllib.loads(re.sub(rf"^{uncomment} ", "", text, flags=re.MULTILINE) if uncomment else text)


def test_the_sample_is_a_good_configuration(tmp_path: Path) -> None:
    """As shipped it can be loaded."""
    config = loaded(tmp_path, (FOLDER / "gateway.sample.toml").read_text(encoding="utf-8"))
    assert config.broker == configuration.BrokerConfig()
    assert config.ingest == IngestSettings()


def test_the_sample_shows_every_setting_with_its_default() -> None:
    """Uncommented it names every setting there is, and every value shown is the default where there is one."""
    raw = sample(uncomment="#")
    config = msgspec.convert(raw, Config)
    assert set(raw) == set(Config.__struct_fields__)
    for name, table in TABLES.items():
        shown = raw[name]
        assert isinstance(shown, dict)
        assert set(shown) == set(table.__struct_fields__), name
        for field in msgspec.structs.fields(table):
            if field.default not in (None, msgspec.NODEFAULT):
                assert getattr(getattr(config, name), field.name) == field.default, (name, field.name)
    assert config.store == SqliteStoreConfig()
    rule = raw["rule"]
    assert isinstance(rule, list)
    assert {*rule[0], "below"} == set(configuration.RuleConfig.__struct_fields__)
    for field in msgspec.structs.fields(configuration.RuleConfig):
        if field.name in ("when", "over_s", "periods", "states", "share", "at_least", "off", "for_s", "recover_for_s"):
            assert getattr(config.rule[0], field.name) == field.default, field.name
    sites = raw["sites"]
    assert isinstance(sites, dict)
    assert set(sites["east-001"]) == set(configuration.SiteConfig.__struct_fields__)


OF_SOMEBODY = ("link_key_file", "deadman", "people", "channels", "sites", "regions", "rota", "away", "grade", "window")


def test_the_sample_shows_every_setting_of_the_alerts() -> None:
    """And what it shows is the default, where a table does not need somebody's names."""
    raw = sample(uncomment="#")["alerts"]
    assert isinstance(raw, dict)
    assert set(raw) == set(alert_settings.AlertsConfig.__struct_encode_fields__)
    shown = msgspec.convert(raw, alert_settings.AlertsConfig)
    for field in msgspec.structs.fields(alert_settings.AlertsConfig):
        if field.name not in OF_SOMEBODY:
            default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            assert getattr(shown, field.name) == default, field.name
    assert list(alerts_faults(shown)) == []
    assert msgspec.structs.replace(shown.deadman, url_file=None) == alert_settings.DeadmanConfig()
    channels = {name for table in raw["channels"].values() for name in table}
    for struct, names in (
        (alert_settings.PersonConfig, raw["people"]["li-na"]),
        (alert_settings.ChannelConfig, channels),
        (alert_settings.DeadmanConfig, raw["deadman"]),
        (alert_settings.PlaceConfig, raw["sites"]["east-001"]),
        (alert_settings.RotaConfig, {*raw["rota"][0], "region"}),
        (alert_settings.AwayConfig, raw["away"][0]),
        (alert_settings.WindowConfig, raw["window"][0]),
    ):
        assert set(names) == set(struct.__struct_encode_fields__), struct.__name__


def test_the_sample_shows_every_setting_of_the_influx_store() -> None:
    """The other kind of store stands there too, marked with another sign."""
    text = (FOLDER / "gateway.sample.toml").read_text(encoding="utf-8")
    store = "\n".join(re.findall(r"^#: (.*)$", text.partition("[state]")[0], flags=re.MULTILINE))
    raw = tomllib.loads(store)
    assert set(raw) == {"kind", *InfluxStoreConfig.__struct_fields__}
    found = msgspec.convert(raw, InfluxStoreConfig)
    for field in msgspec.structs.fields(InfluxStoreConfig):
        if field.default not in (None, msgspec.NODEFAULT):
            assert getattr(found, field.name) == field.default, field.name


def test_every_setting_is_in_the_readme() -> None:
    """A setting that nobody can look up does not exist."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    structs = [
        *(table for table in TABLES.values() if table is not AcceptanceConfig),
        SqliteStoreConfig,
        InfluxStoreConfig,
        configuration.SiteConfig,
    ]
    for struct in structs:
        for name in struct.__struct_fields__:
            assert f"`{name}`" in text, f"{struct.__name__}.{name}"
    text = (FOLDER / "alerts" / "README.md").read_text(encoding="utf-8")
    for struct in vars(alert_settings).values():
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct is not msgspec.Struct:
            for name in struct.__struct_encode_fields__:
                assert f"`{name}`" in text, f"{struct.__name__}.{name}"
