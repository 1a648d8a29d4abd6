"""Rooms and facilities in people's words: the configuration's first, then the usual ones, then the id."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.place_words import KINDS, ROOMS, room_words
from gateway.alerts.rules import Place
from gateway.alerts.trials import wording_of
from gateway.config import Config, RoomConfig, SiteConfig
from gateway.config_file import load
from gateway.errors import ConfigurationError
from telemetry.ids import is_id
from tests.gateway.alerts.test_words_for_people import alarm

OWN = {"tea-room": ("Tea room", "茶歇区"), "hall": ("", "一层大厅"), "box": ("Box", "")}


@pytest.mark.parametrize(
    ("room", "english", "chinese"),
    [
        ("toilet", "Toilet", "卫生间"),
        ("toilet-2", "Toilet 2", "卫生间 2"),
        ("hall", "一层大厅", "一层大厅"),
        ("hall3", "一层大厅 3", "一层大厅 3"),
        ("tea-room", "Tea room", "茶歇区"),
        ("tea-room-12", "Tea room 12", "茶歇区 12"),
        ("box", "Box", "Box"),
        ("r2d2", "r2d2", "r2d2"),
        ("17", "17", "17"),
        ("", "", ""),
    ],
)
def test_a_room_is_told_in_words(room: str, english: str, chinese: str) -> None:
    assert (room_words(room, "en", OWN), room_words(room, "zh-CN", OWN)) == (english, chinese)


@given(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True), st.sampled_from(["en", "zh-CN"]))
def test_no_room_is_ever_without_a_name(room: str, language: str) -> None:
    assert room_words(room, language, {}).strip()


def test_the_usual_words_stand_under_ids() -> None:
    assert all(is_id(name) for name in (*ROOMS, *KINDS))
    assert all(pair.en and pair.zh for pair in (*ROOMS.values(), *KINDS.values()))


def test_a_message_names_the_facility_and_its_room() -> None:
    rooms = {"tea-room": RoomConfig(title_en="Tea room", title_zh="茶歇区")}
    config = Config(gateway="g", regions=("north",), sites={"b001": SiteConfig(title_zh="东街支行")}, rooms=rooms)
    wording = wording_of(config, ())
    one = alarm("out-of-order", place=Place("north", "b001", "tea-room", "lift", "lift"))
    assert (wording.what(one, "zh-CN"), wording.where(one, "zh-CN")) == ("设施故障：电梯", "东街支行 · 茶歇区 · lift")
    assert (wording.what(one, "en"), wording.where(one, "en")) == (
        "Out of order: lift",
        "东街支行 · Tea room · lift",
    )


def test_a_room_that_is_no_id_is_named(tmp_path: Path) -> None:
    text = 'gateway = "g"\nregions = ["north"]\n[rooms."Tea Room"]\ntitle_en = "x"\n'
    file = tmp_path / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"rooms\.Tea Room"):
        load(file)
