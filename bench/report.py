"""What was measured, as Markdown, and its place in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.agent import CHIP_PERIOD_S, CHIP_START_S, SENSORS, AgentMeasured
from bench.call import GOAL_MS, Called
from bench.fleet import QUANTITIES, Fleet
from bench.mixed import CHIP_S, LineMeasured, MixedMeasured
from bench.percentiles import percentile
from bench.press import DEBOUNCE_S
from bench.through import BROKERS, STORES, Case, Measured, median, spread_pct

BEGINS: Final = "<!-- Written by `make bench` from here; -->"
ENDS: Final = "<!-- to here. -->"

AIM_READINGS_S: Final = 50_000
AIM_MEMORY_MB: Final = 40
AIM_CPU_PCT: Final = 2
AIM_FIRST_S: Final = 3
AIM_MIXED_MB: Final = 60
AIM_MIXED_PCT: Final = 3


@dataclass(slots=True, kw_only=True)
class Findings:
    """All that one `make bench` measured.

    Attributes:
        when: Date and time, UTC.
        command: What was typed.
        version: Of the code.
        facts: Of the machine.
        loads: Load averages of the minute before each run.
        packs: In a run of `through`.
        through: Runs by case, in the order of the table.
        sustained: The long run, with its packs.
        paced: Runs at a steady pace by case, with the packs a second.
        agents: Runs of the agent.
        calls: Calls for help with the database off.
        mixed: Runs of an agent with twelve kinds of sensors.
        lines: What an agent sends, hears and writes in a day.
    """

    when: str
    command: str
    version: str
    facts: Mapping[str, str]
    loads: list[float] = field(default_factory=list)
    packs: int = 0
    through: dict[Case, list[Measured]] = field(default_factory=dict)
    sustained: dict[Case, tuple[int, Measured]] = field(default_factory=dict)
    paced: dict[Case, tuple[float, Measured]] = field(default_factory=dict)
    agents: list[AgentMeasured] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    mixed: list[MixedMeasured] = field(default_factory=list)
    lines: list[LineMeasured] = field(default_factory=list)


def put_into(file: Path, text: str) -> None:
    """Replace what stands between the markers of a file.

    Raises:
        ValueError: If it has no such markers.
    """
    before, begins, rest = file.read_text(encoding="utf-8").partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"{file} lacks the lines {BEGINS!r} and {ENDS!r}; take it from the repository again")
    file.write_text(f"{before}{BEGINS}\n\n{text}\n{ENDS}{after}", encoding="utf-8")


def markdown(found: Findings) -> str:
    """All tables; those of which nothing was measured are left out."""
    parts = [_machine(found), _aims(found)]
    if found.through:
        parts.append(_through(found))
    if found.sustained or found.paced:
        parts.append(_longer(found))
    if found.agents:
        parts.append(_agents(found))
    if found.mixed:
        parts.append(_mixed(found.mixed[0]))
    if found.lines:
        parts.append(_lines(found.lines))
    if found.calls:
        parts.append(_calls(found))
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(found: Findings) -> str:
    loads = ", ".join(f"{one:.1f}" for one in (min(found.loads), max(found.loads))) if found.loads else "unknown"
    rows = [
        ["when", found.when],
        ["command", f"`{found.command}`"],
        ["code", found.version],
        *map(list, found.facts.items()),
    ]
    rows.append(["load average before the runs, least and most", loads])
    return "## The machine\n\n" + _table(["", ""], rows)


def _aims(found: Findings) -> str:
    rows = []
    for case, (packs, one) in found.sustained.items():
        what = f"readings/s into {STORES[case.store]} with receipts, sustained over {packs * len(QUANTITIES):,}"
        rows.append([what, f"{AIM_READINGS_S:,}", f"{one.readings_s:,.0f}", _met(one.readings_s >= AIM_READINGS_S)])
    if found.agents:
        memory = max(one.peak_mb for one in found.agents)
        cpu = max(one.cpu_pct for one in found.agents)
        first = max(one.beyond_chip_s for one in found.agents)
        rows.append(["agent, most memory", f"{AIM_MEMORY_MB} MB", f"{memory:.1f} MB", _met(memory < AIM_MEMORY_MB)])
        rows.append(["agent, of a core", f"{AIM_CPU_PCT} %", f"{cpu:.2f} %", _met(cpu <= AIM_CPU_PCT)])
        what = "agent, first reading beyond the chip's own time"
        rows.append([what, f"{AIM_FIRST_S} s", f"{first:.2f} s", _met(first <= AIM_FIRST_S)])
    for many in found.mixed:
        rows += _mixed_aims(many)
    if found.calls:
        worst_ms = max(one.worst_ms for one in found.calls)
        what = "a call, from the button to the notification service with the database off"
        rows.append([what, f"{GOAL_MS:,.0f} ms", f"{worst_ms:,.0f} ms", _met(worst_ms <= GOAL_MS)])
    return "## The aims\n\n" + _table(["", "aim", "worst measured", ""], rows) if rows else ""


def _through(found: Findings) -> str:
    runs = min(len(runs) for runs in found.through.values())
    text = (
        "## Readings into a store\n\n"
        f"{found.packs:,} packs of {len(QUANTITIES)} readings, {Fleet(1).pack_bytes()} bytes, QoS 1, as fast as they"
        " are answered, after a first pack of every branch; "
        f"median of {runs} runs, taken in turns; ± is half the distance from the fastest to the slowest. A run"
        " counts only if the store then holds exactly what was sent. CPU is a pack's, on all cores together; memory is"
        " the consumer's most. The minimal loops send no receipt and promise nothing.\n\n"
    )
    head = ["consumer", "store", "broker", "branches", "readings/s", "±", "CPU", "broker's", "store's", "load's"]
    head += ["memory", "receipts a pack"]
    rows = [_through_row(case, runs) for case, runs in found.through.items()]
    return text + _table(head, rows)


def _through_row(case: Case, runs: list[Measured]) -> list[str]:
    one = median(runs)
    return [
        case.title,
        STORES[case.store],
        BROKERS[case.broker],
        f"{case.agents:,}",
        f"{one.readings_s:,.0f}",
        f"{spread_pct(runs):.0f} %",
        f"{one.cpu_us:.0f} µs",
        f"{one.broker_us:.0f} µs",
        f"{one.store_us:.0f} µs" if one.store_us else "in CPU",
        f"{one.load_us:.0f} µs",
        f"{one.peak_mb:.0f} MB",
        f"{one.receipts:.2f}" if case.is_ours else "none",
    ]


def _longer(found: Findings) -> str:
    parts = ["## How long, how soon"]
    rows = []
    for case, (packs, one) in found.sustained.items():
        where = f"{STORES[case.store]}, {BROKERS[case.broker]}, {case.agents:,} branches"
        rows.append(
            [
                where,
                f"{packs * len(QUANTITIES):,}",
                f"{one.readings_s:,.0f}",
                f"{one.slowest_s:,.0f}",
                f"{one.peak_mb:.0f} MB",
            ]
        )
    if rows:
        head = ["one long run through the gateway", "readings", "readings/s", "in its slowest 5 s", "memory"]
        parts.append(_table(head, rows))
    rows = []
    for case, (packs_s, one) in found.paced.items():
        where = f"{STORES[case.store]}, {BROKERS[case.broker]}, {case.agents:,} branches"
        delays = [f"{percentile(one.delays_ms, share):.0f} ms" for share in (0.5, 0.99)]
        delays.append(f"{max(one.delays_ms):.0f} ms")
        rows.append([where, f"{packs_s:g}", *delays, f"{one.cpu_us:.0f} µs"])
    if rows:
        parts.append("From the sending of a pack to the arrival of its receipt, that is after it was stored:")
        head = [
            "at a steady pace through the gateway",
            "packs/s",
            "half within",
            "99 % within",
            "all within",
            "CPU a pack",
        ]
        parts.append(_table(head, rows))
    return "\n\n".join(parts)


def _agents(found: Findings) -> str:
    first = found.agents[0]
    text = (
        "## The agent\n\n"
        f"{SENSORS} simulated SCD41, each in a room of its own, behind the real driver at the chip's own "
        f"{CHIP_PERIOD_S:g} s are {first.quantities_s:.1f} quantities a second. The agent runs in an environment of"
        " its own, with the locked packages of `requirements/agent.txt` and the wheel; chips and rooms are simulated"
        f" in its process and are in its numbers. Watched for {first.seconds:.0f} s. The chip's own time is"
        f" {CHIP_START_S} s until it measures and {CHIP_PERIOD_S:g} s until it has. Stored is counted from the time in"
        " the pack, taken when the sensor was read, to the arrival of the receipt at a bystander.\n\n"
    )
    head = ["stored in", "CPU of a core", "memory", "most memory", "threads", "first reading after", "beyond the chip"]
    head += ["half stored within", "99 %", "all"]
    rows = []
    for one in found.agents:
        delays = [f"{percentile(one.stored_ms, share):.0f} ms" for share in (0.5, 0.99)]
        delays.append(f"{max(one.stored_ms):.0f} ms")
        rows.append(
            [
                STORES[one.store],
                f"{one.cpu_pct:.2f} %",
                f"{one.memory_mb:.1f} MB",
                f"{one.peak_mb:.1f} MB",
                str(one.threads),
                f"{one.first_s:.2f} s",
                f"{one.beyond_chip_s:.2f} s",
                *delays,
            ]
        )
    return text + _table(head, rows)


def _mixed_aims(one: MixedMeasured) -> list[list[str]]:
    part = max(one.beyond_s, key=lambda name: one.beyond_s[name])
    first = one.beyond_s[part]
    what = "agent with twelve kinds of sensors"
    return [
        [f"{what}, most memory", f"{AIM_MIXED_MB} MB", f"{one.peak_mb:.1f} MB", _met(one.peak_mb < AIM_MIXED_MB)],
        [f"{what}, of a core", f"{AIM_MIXED_PCT} %", f"{one.cpu_pct:.2f} %", _met(one.cpu_pct <= AIM_MIXED_PCT)],
        [
            f"{what}, first reading beyond the chip's own time",
            f"{AIM_FIRST_S} s",
            f"{first:.2f} s ({part})",
            _met(first <= AIM_FIRST_S),
        ],
    ]


def _mixed(one: MixedMeasured) -> str:
    text = (
        "### Twelve kinds of sensors\n\n"
        "Simulated chips behind the real drivers, signed packs, each as often as the part has something new; watched"
        f" for {one.seconds:.0f} s after the slowest had spoken. The chip's own time is what drivers and data sheets"
        " order from the start to the first reading; what lies beyond it includes the start of Python.\n\n"
    )
    head = ["packs/s", "CPU of a core", "memory", "most memory", "threads"]
    row = [f"{one.packs_s:.1f}", f"{one.cpu_pct:.2f} %", f"{one.memory_mb:.1f} MB", f"{one.peak_mb:.1f} MB"]
    firsts = [[part, f"{CHIP_S[part]:g} s", f"{beyond:.2f} s"] for part, beyond in sorted(one.beyond_s.items())]
    return (
        text
        + _table(head, [[*row, str(one.threads)]])
        + "\n\n"
        + _table(["part", "the chip's own time", "first reading beyond it"], firsts)
    )


def _lines(found: Sequence[LineMeasured]) -> str:
    text = (
        "### A day on the line and on the card\n\n"
        f"From {found[0].seconds:.0f} s each, once the agent stands. MQTT as the agent sends and hears it, without"
        " TLS and the headers of TCP and IP; what the kernel counts as given to the disk.\n\n"
    )
    rows = [[one.what, f"{one.up_mb:.2f} MB", f"{one.down_mb:.2f} MB", f"{one.disk_mb:.1f} MB"] for one in found]
    return text + _table(["a day of", "sent", "heard", "written to the disk"], rows)


def _calls(found: Findings) -> str:
    text = (
        "## A call for help\n\n"
        "From before the order to press is written to a simulated agent until the whole message is at a local server"
        " that answers as WeCom does; Mosquitto between agent and gateway, and the gateway's InfluxDB killed before the"
        f" first of these calls. The button's debounce, {DEBOUNCE_S * 1000:.0f} ms, is within.\n\n"
    )
    rows = [[str(len(one.calls_ms)), f"{one.median_ms:.0f} ms", f"{one.worst_ms:.0f} ms"] for one in found.calls]
    return text + _table(["calls", "median", "worst"], rows)


def _met(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
