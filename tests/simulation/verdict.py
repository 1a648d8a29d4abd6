"""What must be true after any schedule of faults. Each claim that does not hold becomes a sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import select

from gateway.ports import ReadingsQuery
from gateway.state.case_tables import evidence_pack
from telemetry.ranges import RangeSet
from tests.simulation.agent import CALL_POINT, QUANTITY, SimAgent
from tests.simulation.gateway import CASE_SITE
from tests.simulation.simulation import Simulation

_EVERYTHING = {"from_ms": 0, "to_ms": 2**52, "limit": 10_000_000}


def judge(simulation: Simulation) -> list[str]:
    """The claims that do not hold; empty if all is well."""
    problems: list[str] = []
    for agent in simulation.agents:
        problems += [f"{agent.root.site}: {text}" for text in _judge_air(simulation, agent)]
        problems += [f"{agent.root.site}: {text}" for text in _judge_ledger(simulation, agent)]
        problems += [f"{agent.root.site}: {text}" for text in _judge_evidence(simulation, agent)]
        problems += [f"{agent.root.site}: {text}" for text in _judge_calls(simulation, agent)]
        problems += [f"{agent.root.site}: {text}" for text in _judge_presence(simulation, agent)]
    problems += _judge_live(simulation)
    return problems


def _stored(simulation: Simulation, agent: SimAgent) -> dict[float, list[tuple[int, bool]]]:
    """Every stored value of a branch, with its times and whether it is suspect."""
    store = simulation.room.open()
    try:
        rows = store.readings(ReadingsQuery(site=agent.root.site, point="hall-air", quantity=QUANTITY, **_EVERYTHING))
    finally:
        store.close()
    stored: dict[float, list[tuple[int, bool]]] = defaultdict(list)
    for row in rows:
        stored[row.value].append((row.time_ms, row.suspect))
    return stored


def _judge_air(simulation: Simulation, agent: SimAgent) -> Iterator[str]:
    """Every reading is stored or declared; none twice, none in both the good and the suspect field."""
    ingest = simulation.active.ingest
    assert ingest is not None
    stored = _stored(simulation, agent)
    parked = {(one.journal, one.sequence) for one in simulation.dead_letters()}
    for (journal, sequence), value in agent.measured.air.items():
        places = stored.get(value, [])
        if len(places) > 1:
            yield f"reading {value} ({journal}, {sequence}) is stored {len(places)} times: {places}"
        if (
            not places
            and sequence not in ingest.ledger.declared(agent.root, journal)
            and ((journal, sequence) not in parked)
        ):
            yield f"reading {value} ({journal}, {sequence}) is neither stored nor declared"
        true_ms = agent.measured.true_ms.get(value)
        if places and true_ms is not None and places[0] != (true_ms, False):
            yield f"reading {value} of {true_ms} is stored as {places[0]}"
    for value in agent.measured.maybe:
        if len(stored.get(value, [])) > 1:
            yield f"reading {value}, cut short by a crash, is stored more than once"
    strangers = stored.keys() - set(agent.measured.air.values()) - agent.measured.maybe
    if strangers:
        yield f"{len(strangers)} values stored that nobody measured, {min(strangers)} among them"


def _judge_ledger(simulation: Simulation, agent: SimAgent) -> Iterator[str]:
    """The ledger knows what is stored, nothing is owed, the backlog is empty."""
    ingest = simulation.active.ingest
    assert ingest is not None
    stored = _stored(simulation, agent)
    held = {name: RangeSet(spans) for name, spans in agent.last_held.items()}
    unknowable: set[float] = set()
    for (journal, sequence), value in agent.measured.air.items():
        there = sequence in ingest.ledger.there(agent.root, journal)
        if stored.get(value) and not there and simulation.room.losses and sequence not in held.get(journal, RangeSet()):
            # A power cut took it from the branch, and the store's older copy came back with it: rule 10 has made the
            # ledger forget, and nobody is left who could tell it. It says lost where the store has it after all.
            unknowable.add(value)
        elif value in simulation.room.cut_short and sequence in ingest.ledger.declared(agent.root, journal):
            # The gateway died between store and ledger, and a power cut took the pack from the branch, which gave it
            # up: its number stays declared, and its minute is there, since the gateway looked it up (see below).
            continue
        elif stored.get(value) and not there:
            yield f"reading {value} ({journal}, {sequence}) is stored, the ledger does not know"
    minutes = {
        minute: status
        for begin, end, status, _reason in ingest.ledger.intervals(agent.root.site, 0, 2**52)
        if status != "owed" or agent.running
        for minute in range(begin // 60_000, -(-end // 60_000))
        if end - begin < 10**9
    }
    for value, places in stored.items():
        for time_ms, _suspect in places:
            if minutes.get(time_ms // 60_000) != "there" and value not in unknowable:
                yield f"the minute of reading {value} is {minutes.get(time_ms // 60_000)!r} in the ledger"
                break
    if agent.running and "owed" in minutes.values():
        yield f"{sum(status == 'owed' for status in minutes.values())} minutes are still owed"
    if agent.journal is not None and agent.journal.unreceipted_count:
        yield f"{agent.journal.unreceipted_count} packs are still without a receipt"


def _judge_evidence(simulation: Simulation, agent: SimAgent) -> Iterator[str]:
    """Of a branch with an acceptance case, what the ledger has is among the raw packs, and nothing else is."""
    ingest, state = simulation.active.ingest, simulation.active.state
    assert ingest is not None
    assert state is not None
    wanted = select(evidence_pack.c.journal, evidence_pack.c.sequence).where(evidence_pack.c.site == agent.root.site)
    with state.read() as connection:
        kept = {(row.journal, row.sequence) for row in connection.execute(wanted)}
    if agent.root.site != CASE_SITE:
        if kept:
            yield f"{len(kept)} raw packs are kept though it has no case"
        return
    for journal, sequence in agent.measured.air:
        if sequence in ingest.ledger.there(agent.root, journal) and (journal, sequence) not in kept:
            yield f"pack ({journal}, {sequence}) is in the ledger and not among the raw packs"


def _judge_calls(simulation: Simulation, agent: SimAgent) -> Iterator[str]:
    """Every call is heard, and alarms once; the newest state is the branch's own."""
    heard = Counter((one.journal, one.sequence) for one in simulation.heard(agent.root, CALL_POINT))
    for pair in agent.measured.calls:
        if heard[pair] != 1:
            yield f"call {pair} was heard {heard[pair]} times"
    unknown = heard.keys() - agent.measured.calls
    if len(unknown) > agent.measured.maybe_calls:
        yield f"{len(unknown)} calls heard that nobody made"
    if agent.measured.last_call and not agent.measured.maybe_calls:
        newest = simulation.newest_state(agent.root, CALL_POINT)
        if newest != agent.measured.last_call:
            yield f"the cord is {agent.measured.last_call}, the gateway says {newest}"


def _judge_presence(simulation: Simulation, agent: SimAgent) -> Iterator[str]:
    """Who lives is online, who is dead is not."""
    ingest = simulation.active.ingest
    assert ingest is not None
    online = ingest.directory.is_online(agent.root)
    if online != agent.running:
        yield f"{agent.root.agent} {'lives' if agent.running else 'is dead'}, the gateway says online={online}"


def _judge_live(simulation: Simulation) -> Iterator[str]:
    """Late air never reaches the alarms."""
    for gateway in simulation.gateways:
        for root, times_ms, arrived_ms in gateway.seen:
            age_ms = arrived_ms - times_ms[0]
            if age_ms > 120_000:
                yield f"air of {root}, {age_ms / 1000} s old, reached the alarms"
