"""An air sensor behind Modbus registers, as the sampler knows sensors."""

from agent.errors import CheckError
from agent.facility_config import ModbusConfig
from agent.modbus.link import Link
from agent.modbus.registers import part_of, value_of
from sensors.errors import SensorError


class ModbusSensor:
    """A device whose registers hold quantities.

    Args:
        config: Its table.
        link: What it is read over.
    """

    def __init__(self, config: ModbusConfig, link: Link) -> None:
        self.part = part_of(config)
        self.serial = ""
        self.interval_s = config.period_s
        self._config = config
        self._link = link

    def start(self) -> None:
        """See that it answers.

        Raises:
            SensorError: It does not.
        """
        self.read()

    def read(self) -> dict[str, float]:
        """All its quantities, each in its unit.

        Raises:
            SensorError: One of its registers cannot be read.
        """
        config = self._config
        values = {}
        for register in config.registers:
            if register.quantity is None:
                continue
            try:
                values[register.quantity] = value_of(register, self._link.read(config.unit, register, config.timeout_s))
            except (CheckError, ValueError) as error:
                raise SensorError(str(error)) from error
        return values

    def stop(self) -> None:
        """The link is shared and stays."""
