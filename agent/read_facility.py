"""The facility points of a configuration looked at once: contacts, probes, Modbus states; outputs are left alone."""

import tempfile
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from agent import build, sensing
from agent.config import AgentConfig
from agent.facility import Facility, FacilityEvent
from agent.facility_config import InputConfig, ModbusConfig, ProbeConfig
from agent.inbox import Inbox
from agent.modbus import Links
from agent.modbus.registers import AIR
from telemetry.clock import Clock

LOOK_S: Final = 0.2
"""At least so often, for contacts that bounce."""


class States:
    """What they said, by point: `{"point","room","kind","working","state","reason"}`; it stands in for the core."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> None:
        """Keep the newest."""
        self.found[point] = {
            "point": point, "room": room, "kind": kind, "working": working, "state": state, "reason": reason,
        }  # fmt: skip

    def call_of(self, point: str) -> tuple[str | None, bool]:
        """Nothing is remembered here."""
        del point
        return None, False

    def silent_since(self) -> float | None:
        """No gateway is listened for."""
        return None


def look(config: AgentConfig, *, simulate: bool, clock: Clock, timeout_s: float) -> list[dict[str, Any]]:
    """The state of every contact, probe and Modbus device, in the order of the configuration.

    Args:
        config: The agent's.
        simulate: Simulated contacts and Modbus devices; probes ask the real network.
        clock: Where time comes from.
        timeout_s: What has no state by then has the state `unknown`.
    """
    wanted: list[InputConfig | ProbeConfig | ModbusConfig] = [
        *config.inputs,
        *config.probes,
        *(one for one in config.modbus if one.kind != AIR),
    ]
    if not wanted:
        return []
    states, inbox = States(), Inbox[FacilityEvent]()
    with tempfile.TemporaryDirectory(prefix="openhall-read-") as folder:
        # A folder of its own: the socket of an agent that runs is beside its journal.
        quiet = structs.replace(
            config, outputs=[], journal=structs.replace(config.journal, path=str(Path(folder) / "none"))
        )
        links: Links = sensing.links_of(config, simulate=simulate)
        facility = Facility(
            quiet,
            simulate=simulate,
            core=states,
            links=links,
            put=inbox.put,
            clock=clock,
            rng=build.own_random(),
        )
        end_s = clock.monotonic() + timeout_s
        try:
            while len(states.found) < len(wanted) and clock.monotonic() < end_s:
                facility.turn()
                event = inbox.get(LOOK_S)
                if event is not None:
                    facility.handle(event)
        finally:
            facility.close(1.0)
    for one in wanted:
        if one.point not in states.found:
            states.set_state(one.point, one.room, one.kind, False, "unknown", f"nothing within {timeout_s:g} s")
    return [states.found[one.point] for one in wanted]
