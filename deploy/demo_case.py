"""`make demo-case`: a renovated branch of the running demo, from its closure to a report that a person would sign.

    .venv/bin/python deploy/demo_case.py [--folder DIR] [--live]

Works beside `make demo`. Opens a case over HTTP as a program of the bank would, sends yesterday's readings with their
own times (made up, and flagged so), has them judged (a sensor so near the limit cannot decide), takes in a laboratory's
file, has it judged again, fetches reports and evidence into `.demo/case/`, and checks the evidence offline. Exit 0 if
all of it went as it should, 1 if a verdict or the check says otherwise, 2 if there is no demo to work with.
"""

import argparse
import base64
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from deploy import demo_case_files as files
from deploy.demo_closure import CLOSED_S, Closure
from deploy.demo_talk import NoDemoError, Talk, WentWrongError, say

ROOT: Final = Path(__file__).resolve().parent.parent
CHINA: Final = timezone(timedelta(hours=8))


class Case:
    """One case of the demo's renovated branch, from opening to evidence."""

    def __init__(self, talk: Talk, now: datetime) -> None:
        self._talk = talk
        self._times = files.Times.before(now)
        self._id = ""
        self._agent = talk.agent_config(files.SITE)

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
        self._evidence(self._judge("laboratory", "pass"))

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
            self._talk.post("instruments", body, known=409)
        key = self._talk.program("openhall-agent", "key", "--config", self._agent).split()[-1]
        agent = f"south/{files.SITE}/pi-1-replay"
        config = self._talk.gateway_config
        self._talk.program("openhall-gateway", "keys", "enrol", agent, "--key", key, "--by", "demo", "--config", config)
        say("5 formaldehyde sensors are registered with their calibrations, and the key of their agent is enrolled")

    def _open(self) -> None:
        """The case, opened with the plan that was made before."""
        serials = {point: files.serial(point) for point in files.LEVELS}
        body = {
            "site": files.SITE, "title": "吊顶与地面翻新（演示） / ceiling and floor renewed (demo)",
            "plan": files.plan(self._times), "serials": serials,
            "materials": ["plywood ceiling", "vinyl floor", "water-based paint"],
        }  # fmt: skip
        case = self._talk.post("cases", body)
        self._id = case["id"]
        closed, sampled = self._times.closed()["from"][:16], self._times.window()["from"][:16]
        say(
            f"case {self._id} of {files.SITE}: works ended {case['completed']}, rooms closed from {closed}, sampled "
            f"from {sampled} for an hour; {case['rooms_to_sample']} of {case['rooms_total']} rooms are to be sampled"
        )
        say(f"  on the board: {self._talk.page(self._id)}")

    def _replay(self) -> None:
        """Yesterday's readings, through an agent's journal and receipts, with their own times."""
        journal = self._talk.folder / f"replay-{self._id}.journal"
        for point, (room, _) in files.LEVELS.items():
            recording = self._talk.folder / f"{point}.csv"
            recording.write_text(files.recording(point, self._times), encoding="utf-8")
            # The last one waits for what the gateway may ask of the journal that all share.
            settle = "2" if point == list(files.LEVELS)[-1] else "0"
            self._talk.program(
                "openhall-agent", "replay", recording, "--config", self._agent, "--point", point, "--room", room,
                "--simulated", "--settle", settle, "--journal", journal,
            )  # fmt: skip
            say(f"  {point}: {files.MINUTES} readings, stored with receipts")

    def _judge(self, name: str, expected: str) -> Path:
        """A verdict, and its report."""
        case = self._talk.post(f"cases/{self._id}/judge", {})
        said = case["judgements"][-1]
        path = f"cases/{self._id}/report.pdf?judgement={said['number']}&lang=both"
        report = self._talk.save(f"report-{self._id}-{name}.pdf", path)
        say(f"judged: {said['verdict'].upper()} ({said['basis']}); the report: {report}")
        if said["verdict"] != expected:
            raise WentWrongError(f"the verdict is {said['verdict']}, expected was {expected}; see {report}")
        return report

    def _laboratory(self) -> None:
        """The laboratory's file, as it sends it."""
        text = files.laboratory_file(self._times)
        (self._talk.folder / "laboratory.csv").write_text(text, encoding="utf-8")
        content = base64.b64encode(text.encode()).decode()
        taken = self._talk.post(
            f"cases/{self._id}/laboratory", {"file": {"name": "laboratory.csv", "content": content}}
        )
        lost = [*taken["refused"], *taken["unplaced"]]
        if lost:
            raise WentWrongError(f"laboratory results were not taken: {lost}")
        say(f"a laboratory's file is taken in: {len(text.splitlines()) - 1} results, each with its method and sample")

    def _evidence(self, report: Path) -> None:
        """The sealed evidence, checked with no server."""
        bundle = self._talk.save(f"evidence-{self._id}.zip", f"cases/{self._id}/evidence.zip")
        keys = self._talk.folder / "keys.json"
        config = self._talk.gateway_config
        keys.write_text(
            self._talk.program("openhall-gateway", "keys", "list", "--json", "--config", config), encoding="utf-8"
        )
        say(f"the evidence: {bundle}; checked offline, with the seal on the report and the agents' keys:")
        words = ("verify", bundle, "--report", report, "--keys", keys)
        say(f"  openhall-gateway {' '.join(map(str, words))}")
        said = self._talk.program("openhall-gateway", *words)
        say("\n".join(f"  {line}" for line in said.splitlines()))


def main(arguments: list[str]) -> int:
    """Carry a case through."""
    parser = argparse.ArgumentParser(prog="make demo-case", description="An acceptance case in the running demo.")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where the demo keeps its files (.demo/)")
    parser.add_argument("--live", action="store_true", help="watch a closure and a sampling of now, door and all")
    parser.add_argument("--closed", type=float, default=CLOSED_S, metavar="S", help="closed for so long (%(default)g)")
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    try:
        talk = Talk(folder)
        if options.live:
            Closure(talk, closed_s=options.closed).run()
        else:
            Case(talk, datetime.now(CHINA)).run()  # noqa: TID251
    except NoDemoError as error:
        print(error, file=sys.stderr)
        return 2
    except WentWrongError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
