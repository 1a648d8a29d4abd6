"""`make demo-case`: a renovated branch of the running demo, from its closure to a report that a person would sign.

    .venv/bin/python deploy/demo_case.py [--folder DIR]

Works beside `make demo`. Opens a case over HTTP as a program of the bank would, sends yesterday's readings with their
own times (made up, and flagged so), has them judged (a sensor so near the limit cannot decide), takes in a laboratory's
file, has it judged again, fetches reports and evidence into `.demo/case/`, and checks the evidence offline. Exit 0 if
all of it went as it should, 1 if a verdict or the check says otherwise, 2 if there is no demo to work with.
"""

import argparse
import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from deploy import demo_case_files as files

ROOT: Final = Path(__file__).resolve().parent.parent
CHINA: Final = timezone(timedelta(hours=8))
WHO: Final = "Li Na (demo)"
WITHIN_S: Final = 60.0
REPLAY_WITHIN_S: Final = 120.0

# A proxy of the environment is no way to this machine.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoDemoError(Exception):
    """There is nothing to work with; the text says what to do."""


class WentWrongError(Exception):
    """A step did not do what it should; the text says what was answered."""


def say(text: str) -> None:
    """One line for the person."""
    print(text, flush=True)


class Case:
    """One case of the demo's renovated branch, from opening to evidence."""

    def __init__(self, folder: Path, demo: dict[str, Any], now: datetime) -> None:
        self._demo = demo
        self._api = f"{demo['board']}/api/v1"
        self._folder = folder / "case"
        self._folder.mkdir(exist_ok=True)
        self._times = files.Times.before(now)
        self._id = ""
        self._agent = next(Path(own["config"]) for own in demo["agents"] if own["site"] == files.SITE)

    def run(self) -> None:
        """All steps.

        Raises:
            WentWrongError: If one does not do what it should.
        """
        self._register()
        self._open()
        self._replay()
        self._judge("screening", "indeterminate")
        self._laboratory()
        seal = self._judge("laboratory", "pass")
        self._evidence(seal)

    def _register(self) -> None:
        """The sensors are in the register of instruments, calibrated; the branch's key signs what counts."""
        for point in files.LEVELS:
            calibration = {
                "done": (self._times.sampled - timedelta(days=60)).date().isoformat(),
                "due": (self._times.sampled + timedelta(days=300)).date().isoformat(),
                "certificate": f"DEMO-{files.serial(point)[-2:]}", "calibrated_by": "示例计量院（虚构）",
            }  # fmt: skip
            body = {
                "serial": files.serial(point),
                "part": "sfa30",
                "owner": "facilities",
                "calibrations": [calibration],
            }
            self._post("instruments", body, known=409)
        key = self._program("openhall-agent", "key", "--config", self._agent).split()[-1]
        agent = f"south/{files.SITE}/pi-1-replay"
        config = self._demo["gateway"]["config"]
        self._program("openhall-gateway", "keys", "enrol", agent, "--key", key, "--by", "demo", "--config", config)
        say("5 formaldehyde sensors are registered with their calibrations, and the key of their agent is enrolled")

    def _open(self) -> None:
        """The case, opened with the plan that was made before."""
        serials = {point: files.serial(point) for point in files.LEVELS}
        body = {
            "site": files.SITE, "title": "吊顶与地面翻新（演示） / ceiling and floor renewed (demo)",
            "plan": files.plan(self._times), "serials": serials,
            "materials": ["plywood ceiling", "vinyl floor", "water-based paint"],
        }  # fmt: skip
        case = self._post("cases", body)
        self._id = case["id"]
        closed, sampled = self._times.closed()["from"][:16], self._times.window()["from"][:16]
        say(
            f"case {self._id} of {files.SITE}: works ended {case['completed']}, rooms closed from {closed}, sampled "
            f"from {sampled} for an hour; {case['rooms_to_sample']} of {case['rooms_total']} rooms are to be sampled"
        )

    def _replay(self) -> None:
        """Yesterday's readings, through an agent's journal and receipts, with their own times."""
        journal = self._folder / f"replay-{self._id}.journal"
        for point, (room, _) in files.LEVELS.items():
            recording = self._folder / f"{point}.csv"
            recording.write_text(files.recording(point, self._times), encoding="utf-8")
            # The last one waits for what the gateway may ask of the journal that all share.
            settle = "2" if point == list(files.LEVELS)[-1] else "0"
            self._program(
                "openhall-agent", "replay", recording, "--config", self._agent, "--point", point, "--room", room,
                "--simulated", "--settle", settle, "--journal", journal,
            )  # fmt: skip
            say(f"  {point}: {files.MINUTES} readings, stored with receipts")

    def _judge(self, name: str, expected: str) -> str:
        case = self._post(f"cases/{self._id}/judge", {})
        said = case["judgements"][-1]
        report = self._folder / f"report-{self._id}-{name}.pdf"
        report.write_bytes(self._get(f"cases/{self._id}/report.pdf?judgement={said['number']}&lang=both"))
        say(f"judged: {said['verdict'].upper()} ({said['basis']}); the report: {report}")
        if said["verdict"] != expected:
            raise WentWrongError(f"the verdict is {said['verdict']}, expected was {expected}; see {report}")
        return str(said["seal"])

    def _laboratory(self) -> None:
        """The laboratory's file, as it sends it."""
        text = files.laboratory_file(self._times)
        (self._folder / "laboratory.csv").write_text(text, encoding="utf-8")
        content = base64.b64encode(text.encode()).decode()
        taken = self._post(f"cases/{self._id}/laboratory", {"file": {"name": "laboratory.csv", "content": content}})
        lost = [*taken["refused"], *taken["unplaced"]]
        if lost:
            raise WentWrongError(f"laboratory results were not taken: {lost}")
        say(f"a laboratory's file is taken in: {len(text.splitlines()) - 1} results, each with its method and sample")

    def _evidence(self, seal: str) -> None:
        """The sealed evidence, checked with no server."""
        bundle = self._folder / f"evidence-{self._id}.zip"
        bundle.write_bytes(self._get(f"cases/{self._id}/evidence.zip"))
        keys = self._folder / "keys.json"
        config = self._demo["gateway"]["config"]
        keys.write_text(
            self._program("openhall-gateway", "keys", "list", "--json", "--config", config), encoding="utf-8"
        )
        say(f"the evidence: {bundle}; checked offline, with the seal on the report and the agents' keys:")
        say(f"  openhall-gateway verify {bundle} --seal {seal[:12]}… --keys {keys}")
        said = self._program("openhall-gateway", "verify", bundle, "--seal", seal, "--keys", keys)
        say("\n".join(f"  {line}" for line in said.splitlines()))

    def _program(self, name: str, *words: object) -> str:
        """What a program answers.

        Raises:
            WentWrongError: If it does not exit with 0.
        """
        command = [str(Path(sys.executable).parent / name), *map(str, words)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=REPLAY_WITHIN_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WentWrongError(f"{name} {words[0]}: {error}") from error
        if done.returncode != 0:
            told = (done.stderr.strip() or done.stdout.strip())[-600:]
            raise WentWrongError(f"{name} {words[0]} ended with {done.returncode}: {told}")
        return done.stdout

    def _post(self, path: str, body: dict[str, Any], *, known: int | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._api}/{path}", json.dumps({**body, "by": WHO}).encode(), {"Content-Type": "application/json"}
        )
        return json.loads(self._asked(request, known=known) or b"{}")

    def _get(self, path: str) -> bytes:
        return self._asked(urllib.request.Request(f"{self._api}/{path}"))

    def _asked(self, request: urllib.request.Request, *, known: int | None = None) -> bytes:
        try:
            with _OPENER.open(request, timeout=WITHIN_S) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            with error:
                told = error.read().decode("utf-8", "replace")[:600]
            if error.code == known:
                return b""
            raise WentWrongError(f"{request.full_url} answered {error.code}: {told}") from error
        except OSError as error:
            raise NoDemoError(f"The demo's board does not answer ({error}); is `make demo` still running?") from error


def running(folder: Path) -> dict[str, Any]:
    """What the running demo says of itself.

    Raises:
        NoDemoError: If none runs.
    """
    try:
        record: dict[str, Any] = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoDemoError(f"No demo runs here ({folder}/demo.json): start `make demo` in another terminal.") from error
    return record


def main(arguments: list[str]) -> int:
    """Carry a case through."""
    parser = argparse.ArgumentParser(prog="make demo-case", description="An acceptance case in the running demo.")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where the demo keeps its files (.demo/)")
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    try:
        Case(folder, running(folder), datetime.now(CHINA)).run()  # noqa: TID251
    except NoDemoError as error:
        print(error, file=sys.stderr)
        return 2
    except WentWrongError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
