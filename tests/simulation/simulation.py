"""One seed: a schedule of faults, then fair weather until everything has settled."""

import random
from collections.abc import Callable
from pathlib import Path

from gateway.alerts.recorder import AlertRecorder, Heard
from gateway.ingest.dead_letters import DeadLetter, dead_letters
from gateway.state.state import State
from telemetry.topics import Root
from tests.simulation.agent import SimAgent
from tests.simulation.broker import Broker, Weather
from tests.simulation.gateway import REGION, SimGateway, StoreRoom
from tests.simulation.world import START_S, World

STORM_S = 1_500.0
SETTLE_STEP_S = 300.0
SETTLE_AT_MOST_S = 4 * 3600.0


class Simulation:
    """Three agents in two sites, two gateways of which one runs, one broker, one store."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.world = World(seed)
        self.broker = Broker(world=self.world)
        self.room = StoreRoom(self.world, folder / "store")
        self.log: list[str] = []
        self._next_value = 0
        roots = [
            Root(REGION, "site-a", "agent-1"),
            Root(REGION, "site-b", "agent-2"),
            Root(REGION, "site-c", "agent-3"),
        ]
        self.agents = [
            SimAgent(self.world, self.broker, root, folder / f"{root.site}-{root.agent}", self._value) for root in roots
        ]
        # Both gateways work on the same state, as a pair that stands by for one another does.
        names = ("gateway-1", "gateway-2")
        self.gateways = [SimGateway(self.world, self.broker, name, folder / "state", self.room) for name in names]
        self.active = self.gateways[0]
        self.dead: list[SimAgent] = []

    def run(self) -> None:
        """The storm, the settling, and at the end a death or two that the gateway must notice."""
        chance = self.world.random
        for agent in self.agents:
            agent.power_on(trusted=chance.random() < 0.7)
        self.active.start()
        self._plan_storm()
        self.world.run_until(START_S + STORM_S)
        self._end_storm()
        self._settle()
        self._let_some_die()

    def _value(self) -> float:
        """A CO2 value that no other reading of this simulation has, within the plausible range."""
        self._next_value += 1
        return round(400.0 + self._next_value * 0.01, 2)

    # -- the storm -----------------------------------------------------------------------------------------------------

    def _plan_storm(self) -> None:
        chance = self.world.random
        stormy = chance.random()
        self.broker.weather = Weather(
            loss=stormy * chance.choice((0.0, 0.05, 0.3)),
            repeat=stormy * chance.choice((0.0, 0.1, 0.3)),
            late=stormy * chance.choice((0.0, 0.1, 0.4)),
            late_s=chance.choice((5.0, 60.0, 150.0)),
        )
        for agent in self.agents:
            agent.crash_chance = chance.choice((0.0, 0.0, 0.002, 0.01))
        for gateway in self.gateways:
            gateway.crash_chance = chance.choice((0.0, 0.0, 0.002, 0.01))
        self.room.forgets_to_answer = chance.choice((0.0, 0.0, 0.02))
        faults: list[Callable[[], None]] = [
            self._kill_agent,
            self._cut_power,
            self._cut_network,
            self._crash_broker,
            self._stop_gateway,
            self._kill_gateway,
            self._refuse,
            self._lose_store,
            self._back_up_store,
            self._jump_clock,
            self._find_time,
            self._cut_gateway,
        ]
        chosen = chance.sample(faults, chance.randint(1, len(faults)))
        for _ in range(chance.randint(3, 40)):
            self.world.at(START_S + chance.uniform(0.0, STORM_S), chance.choice(chosen))
        for agent in self.agents:
            for _ in range(chance.randint(0, 8)):
                at_s = START_S + chance.uniform(0.0, STORM_S)
                state = chance.choice(("called", "cleared"))
                self.world.at(at_s, lambda agent=agent, state=state: agent.pull_cord(state))  # type: ignore[misc]
        for agent in self.agents:
            agent.may_lose_power = self._cut_power in chosen
        self._heal_crashes()

    def _heal_crashes(self) -> None:
        """What died of its own is started again after a while, as systemd would."""
        for agent in self.agents:
            if not agent.running and agent not in self.dead:
                agent.start()
        if not any(gateway.running for gateway in self.gateways):
            self.active.start()
        if self.world.now_s < START_S + STORM_S:
            self.world.after(self.world.random.uniform(5.0, 90.0), self._heal_crashes)

    def _note(self, text: str) -> None:
        self.log.append(f"{self.world.now_s - START_S:9.1f} {text}")

    def _one_agent(self) -> SimAgent:
        return self.world.random.choice(self.agents)

    def _kill_agent(self) -> None:
        agent = self._one_agent()
        self._note(f"kill {agent.root.agent}")
        agent.kill()

    def _cut_power(self) -> None:
        agent = self._one_agent()
        trusted = self.world.random.random() < 0.5
        self._note(f"power cut {agent.root.agent}, comes back {'with' if trusted else 'without'} a clock")
        agent.power_cut()
        self.dead.append(agent)

        def back() -> None:
            if agent in self.dead:
                self.dead.remove(agent)
            if not agent.running:
                agent.power_on(trusted=trusted)

        if self.dead.count(agent) == 1:
            self.world.after(self.world.random.uniform(1.0, 600.0), back)
        else:
            self.dead.remove(agent)

    def _find_time(self) -> None:
        agent = self._one_agent()
        self._note(f"time found {agent.root.agent}")
        agent.get_time()

    def _jump_clock(self) -> None:
        agent = self._one_agent()
        if agent.trusted:
            agent.clock.offset_s = self.world.random.choice((-3600.0, -30.0, -0.5, 0.0, 2.0, 120.0, 1800.0))
            self._note(f"clock of {agent.root.agent} is {agent.clock.offset_s} s off")

    def _cut_network(self) -> None:
        agent = self._one_agent()
        self._note(f"network cut {agent.root.agent}")
        agent.drop_connection(will_delay_s=self.world.random.choice((0.1, 30.0, 120.0)))

    def _cut_gateway(self) -> None:
        self._note("network cut gateway")
        self.active.drop_connection(will_delay_s=self.world.random.choice((0.1, 30.0, 120.0)))

    def _crash_broker(self) -> None:
        if not self.broker.up:
            return
        keep = self.world.random.random() < 0.5
        self._note(f"broker crash, retained {'kept' if keep else 'lost'}")
        self.broker.crash(keep_retained=keep)
        self.world.after(self.world.random.uniform(0.5, 200.0), self.broker.start)

    def _kill_gateway(self) -> None:
        self._note(f"kill {self.active.name}")
        self.active.kill()

    def _stop_gateway(self) -> None:
        """Hand over: the old one stops or dies, the other takes its place; the old one's will may come late."""
        old = self.active
        self.active = next(gateway for gateway in self.gateways if gateway is not old)
        if self.world.random.random() < 0.5:
            self._note(f"{old.name} stops, {self.active.name} takes over")
            old.stop()
        else:
            self._note(f"{old.name} dies, {self.active.name} takes over")
            old.kill()
        self.active.start()

    def _refuse(self) -> None:
        if self.room.refuses:
            return
        self._note("store refuses")
        self.room.refuses = True
        self.world.after(self.world.random.uniform(1.0, 900.0), self._accept)

    def _accept(self) -> None:
        self.room.refuses = False

    def _lose_store(self) -> None:
        if self.world.random.random() < 0.5:
            self._note("store emptied")
            self.room.empty()
        else:
            self._note("store restored from an older copy")
            self.room.restore()

    def _back_up_store(self) -> None:
        self._note("store copied")
        self.room.back_up()

    # -- after it ------------------------------------------------------------------------------------------------------

    def _end_storm(self) -> None:
        self._note("fair weather")
        self.broker.weather = Weather()
        self.room.refuses = False
        self.room.forgets_to_answer = 0.0
        for gateway in self.gateways:
            gateway.crash_chance = 0.0
            gateway.tick_s = 15.0
        self.dead.clear()
        if not self.broker.up:
            self.broker.start()
        for agent in self.agents:
            agent.crash_chance = 0.0
            if not agent.running:
                agent.start()
            agent.get_time()
            agent.period_s = 60.0
        for gateway in self.gateways:
            if gateway is not self.active and gateway.running:
                gateway.stop()
        self.active.start()

    def _settle(self) -> None:
        end_s = self.world.now_s + SETTLE_AT_MOST_S
        quiet = 0
        while self.world.now_s < end_s and quiet < 4:
            self.world.run_until(self.world.now_s + SETTLE_STEP_S)
            if not self.active.running:
                self.active.start()
            quiet = quiet + 1 if self._is_quiet() else 0
        for agent in self.agents:
            agent.measuring = False
        self.world.run_until(self.world.now_s + 60.0)

    def _is_quiet(self) -> bool:
        # A reading may just be under way: the last seconds' packs do not count as a backlog.
        ingest = self.active.ingest
        return ingest is not None and all(
            agent.journal is not None and agent.journal.unreceipted_count <= 2 and not ingest.ledger.owed(agent.root)
            for agent in self.agents
        )

    def _let_some_die(self) -> None:
        chance = random.Random(self.seed)
        for agent in self.agents:
            if agent.journal is not None:
                agent.last_held = agent.journal.held()
            if chance.random() < 0.4:
                agent.kill()
                self.dead.append(agent)
        self.world.run_until(self.world.now_s + 400.0)

    # -- what the verdict asks -----------------------------------------------------------------------------------------

    def dead_letters(self) -> list[DeadLetter]:
        """All that the gateway parked."""
        return dead_letters(self._state, limit=1_000_000)

    def heard(self, root: Root, point: str) -> list[Heard]:
        """Every state of a point that was heard."""
        everything = AlertRecorder(self._state).heard(limit=1_000_000, site=root.site)
        return [one for one in everything if one.root == root and one.point == point]

    def newest_state(self, root: Root, point: str) -> str | None:
        """What the gateway takes for the point's newest state: that of the highest number."""
        heard = self.heard(root, point)
        return max(heard, key=lambda one: one.sequence).state if heard else None

    @property
    def _state(self) -> State:
        state = self.active.state
        assert state is not None
        return state

    def close(self) -> None:
        """End every process that still runs."""
        for agent in self.agents:
            agent.kill()
        for gateway in self.gateways:
            gateway.kill()
