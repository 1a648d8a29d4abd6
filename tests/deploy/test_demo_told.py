"""What people are told is shown on the demo's terminal."""

import json
from pathlib import Path

from deploy.demo_told import AT_ONCE, Told


def line(**words: object) -> str:
    return json.dumps({"name": "李娜", "title": "紧急", "tell": "rise", "link": "http://b/a/w", **words}) + "\n"


def test_what_comes_is_shown_once_with_its_link(tmp_path: Path) -> None:
    """What an earlier run wrote is not shown again, half a line waits, and foreign words are passed over."""
    file, said = tmp_path / "told.jsonl", list[str]()
    file.write_text(line())
    told = Told(file, say=said.append)
    told.look()
    assert said == []
    with file.open("a") as more:
        more.write(line() + line(tell="clear", title="已恢复") + "[]\nno json\n" + line()[:20])
        more.flush()
        told.look()
        told.look()
        assert said == ["told 李娜: 紧急\n    acknowledge: http://b/a/w", "told 李娜: 已恢复"]
        more.write(line()[20:])
    told.look()
    assert len(said) == 3


def test_a_file_that_is_gone_or_long_does_no_harm(tmp_path: Path) -> None:
    file, said = tmp_path / "told.jsonl", list[str]()
    file.touch()
    told = Told(file, say=said.append)
    file.write_text(line() * (2 * AT_ONCE // len(line())))
    told.look()
    assert 0 < len(said) < 2 * AT_ONCE // len(line())
    file.unlink()
    told.look()
