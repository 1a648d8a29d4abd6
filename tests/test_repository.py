"""What holds for the repository as a whole: its words, its folders, its documents."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from agent.config import load as load_agent
from gateway.config_file import load as load_gateway

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 400
TEST_LINES = 600
TEST_LINES = 600
HEADINGS = ["Objective", "Overview", "Is / Is-not", "Prior art", "Open questions"]

# Spelt in pieces, so that this file does not name what it looks for.
HOSTS = "|".join(("pypi" + r"\.org", "python" + "hosted", "npm" + "js", "pi" + r"wheels\.org", r"deb\.deb" + "ian"))
MACHINE_PATHS = (
    r"(?:^|[^a-zA-Z0-9.])/(?:" + "|".join(("wo" + "rk", "fa" + "rm", "ro" + "ot", "Us" + "ers")) + r")/[a-z]"
)
UNFINISHED = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "place" + "holder"))


def tracked(*patterns: str) -> list[Path]:
    """Files under version control that are there."""
    done = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def text_of(path: Path) -> str:
    """A text file's text, "" for other files."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def found(pattern: str, files: list[Path]) -> list[str]:
    """Places where a pattern stands."""
    words = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if words.search(line)
    ]


def folders() -> set[str]:
    """The top folders, hidden ones left out."""
    tops = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    return {name for name in tops if not name.startswith(".")}


def readme() -> str:
    """The first page."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def rows_under(heading: str) -> list[list[str]]:
    """The rows of the table in a section of the first page, without its head."""
    section = readme().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_no_registry_is_named() -> None:
    """Which index or mirror a machine uses is its own affair."""
    assert found(HOSTS, tracked()) == []


def test_no_path_of_somebodys_machine_is_named() -> None:
    """A path that exists on one machine only is a fault on every other."""
    assert found(MACHINE_PATHS, tracked()) == []


def test_nothing_is_left_unfinished() -> None:
    """What is missing stands in an issue, not in the code."""
    assert found(rf"\b(?:{UNFINISHED})\b", tracked("*.py", "*.md", "*.toml", "*.sh", "Makefile")) == []


def test_modules_stay_short() -> None:
    """At 400 lines there is a seam; a file of tests may tell one thing's whole story in 600."""
    lengths = {str(path.relative_to(ROOT)): len(text_of(path).splitlines()) for path in tracked("*.py")}
    most = {name: TEST_LINES if name.startswith("tests/") else MODULE_LINES for name in lengths}
    assert {name: lines for name, lines in lengths.items() if lines > most[name]} == {}


def test_the_first_page_shows_the_folders_that_there_are() -> None:
    """Its table and the tree agree, and each row says something."""
    rows = rows_under("Folders")
    assert [row[0] for row in rows] == [f"[`{name}/`]({name}/README.md)" for name in sorted(folders())]
    assert all(len(row) == 2 and len(row[1]) > 20 for row in rows)


@pytest.mark.parametrize("folder", sorted(folders()))
def test_a_folder_explains_itself(folder: str) -> None:
    """Every top folder has a page of its own, with a heading and some words."""
    page = ROOT / folder / "README.md"
    assert page.is_file(), f"{folder}/README.md is missing"
    assert page.read_text(encoding="utf-8").startswith("# ")
    assert len(page.read_text(encoding="utf-8")) > 200


def test_the_first_page_gives_a_reason_for_each_dependency() -> None:
    """Its table and pyproject.toml agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[<>=!~ \[]", line)[0] for group in groups for line in group}
    assert {row[0].strip("`") for row in rows_under("Dependencies")} == names
    assert all(len(row) == 3 and row[2] for row in rows_under("Dependencies"))


def test_the_words_of_make_in_the_documents_are_those_of_the_makefile() -> None:
    """A command that a page shows can be typed."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for page in tracked("*.md"):
        code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text_of(page), flags=re.DOTALL))
        shown = set(re.findall(r"(?:^|[`\n]|\$ )(?:[A-Z_]+=\S+ )?make ([a-z][a-z-]*)", code))
        assert shown <= targets, f"{page.relative_to(ROOT)}: {shown - targets}"
    assert {"make demo", "make test"} <= set(re.findall(r"make [a-z]+", readme()))


@pytest.mark.parametrize("page", tracked("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    """Relative links name files that exist."""
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(page)):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


def test_the_configurations_on_the_first_page_can_be_used(tmp_path: Path) -> None:
    """The programs themselves read them, and find nothing wrong once the certificates are there."""
    for name in ("ca.pem", "agent.pem", "agent.key", "gateway.pem", "gateway.key"):
        (tmp_path / name).touch()
    blocks = re.findall(r"```toml\n(.*?)```", readme(), flags=re.DOTALL)
    for block, load in zip(blocks, (load_agent, load_gateway), strict=True):
        file = tmp_path / "config.toml"
        file.write_text(block.replace("/etc/openhall", str(tmp_path)), encoding="utf-8")
        assert load(file).broker.effective_port == 8883


def test_decisions_are_numbered_and_have_one_form() -> None:
    """No number twice, none left out, the five headings in order; the list of them is whole."""
    pages = sorted(path for path in tracked("docs/decisions/*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]}: ")
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == HEADINGS, page.name
        assert f"decisions/{page.name}" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


def test_the_changelog_has_a_sentence_a_line() -> None:
    """So that branches merge line by line (.gitattributes)."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert "## [Unreleased]" in text
    assert all(line.startswith("- ") and line.endswith(".") for line in lines[1:])
    assert "CHANGELOG.md merge=union" in (ROOT / ".gitattributes").read_text(encoding="utf-8")


def test_every_test_folder_is_a_package() -> None:
    """Else `tests/sensors` would shadow `sensors`."""
    assert [path.parent for path in tracked("tests/*.py") if not (path.parent / "__init__.py").is_file()] == []
