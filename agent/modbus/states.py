"""A facility point behind a Modbus register: a check for the rounds."""

from agent.errors import CheckError
from agent.facility_config import ModbusConfig
from agent.facility_points import PointState
from agent.modbus.link import Link
from agent.modbus.registers import WELL, state_of


class ModbusState:
    """One register with states.

    Args:
        config: Its table.
        link: What it is read over.
    """

    def __init__(self, config: ModbusConfig, link: Link) -> None:
        self._config = config
        self._register = config.registers[0]
        self._link = link

    def ask(self) -> PointState:
        """The state that the register stands for.

        Raises:
            CheckError: No answer, or a value that the map does not have.
        """
        words = self._link.read(self._config.unit, self._register, self._config.timeout_s)
        try:
            state, number = state_of(self._register, words)
        except ValueError as error:
            raise CheckError(str(error)) from error
        if not state:
            raise CheckError(f"register {self._register.address} is {number}, which states does not have")
        working = state in WELL
        return PointState(working=working, state=state, reason="" if working else f"its register says {number}")

    def close(self) -> None:
        """The link is shared and stays."""
