"""From `[[sensors]]`, and `[[modbus]]` of kind `air`, to points, plans and sensors; `run` and `read-once` share it."""

from collections.abc import Callable

from agent.config import AgentConfig, SensorConfig
from agent.errors import ConfigurationError
from agent.facility_config import InputConfig, ModbusConfig, OutputConfig
from agent.modbus import Link, LinkPlan, Links, ModbusSensor, PymodbusLink, link_of, part_of
from agent.modbus.registers import AIR, point_of
from agent.sampler import SensorPlan
from sensors import Sensor, SensorError, SensorSpec, open_sensor
from telemetry.messages import PointInfo
from telemetry.parts import PARTS


def points_of(config: AgentConfig, *, simulate: bool) -> list[PointInfo]:
    """All points as presence declares them: sensors, facility points, Modbus devices, as the configuration has them.

    Probes ask the real network, also in a simulated branch.
    """
    points = [
        PointInfo(
            point=sensor.point,
            room=sensor.room,
            part=sensor.part,
            period_s=sensor.period_s,
            quantities=[channel.quantity for channel in PARTS[sensor.part].channels],
            simulated=simulate,
            calibration=sensor.calibration.declared() if sensor.calibration else None,
        )
        for sensor in config.sensors
    ]
    wired: list[InputConfig | OutputConfig] = [*config.inputs, *config.outputs]
    points += [PointInfo(point=one.point, room=one.room, kind=one.kind, simulated=simulate) for one in wired]
    points += [PointInfo(point=one.point, room=one.room, kind=one.kind, period_s=one.period_s) for one in config.probes]
    return points + [point_of(device, simulate=simulate) for device in config.modbus]


def air_devices(config: AgentConfig) -> list[ModbusConfig]:
    """The Modbus tables that measure air."""
    return [device for device in config.modbus if device.kind == AIR]


def links_of(config: AgentConfig, *, simulate: bool) -> Links:
    """The Modbus links, none of them open yet; what shares a link shares one of these."""

    def make(plan: LinkPlan) -> Link:
        if not simulate:
            return PymodbusLink(plan)
        from agent.modbus.simulated import SimulatedLink

        return SimulatedLink(plan, config.modbus)

    return Links(make)


def plans_of(config: AgentConfig, *, simulate: bool) -> list[SensorPlan]:
    """What the sampler has to do, in the same order."""
    plans = [
        SensorPlan(
            point=sensor.point,
            room=sensor.room,
            part=PARTS[sensor.part],
            period_s=sensor.period_s,
            calibration=sensor.calibration,
            simulated=simulate,
            installed=sensor.installed or "",
        )
        for sensor in config.sensors
    ]
    return plans + [
        SensorPlan(
            point=device.point,
            room=device.room,
            part=part_of(device),
            period_s=device.period_s,
            simulated=simulate,
        )
        for device in air_devices(config)
    ]


def openers_of(config: AgentConfig, *, simulate: bool, links: Links | None = None) -> list[Callable[[], Sensor]]:
    """One a sensor, in the same order; each makes its sensor, not yet started.

    Args:
        config: The agent's.
        simulate: Simulated chips and devices.
        links: The Modbus links, if others share them; None: its own.
    """
    shared = links or links_of(config, simulate=simulate)
    openers = [_opener(config.site, sensor, simulate) for sensor in config.sensors]
    return openers + [_modbus_opener(device, shared) for device in air_devices(config)]


def _modbus_opener(device: ModbusConfig, links: Links) -> Callable[[], Sensor]:
    return lambda: ModbusSensor(device, links.get(link_of(device)))


def _opener(site: str, sensor: SensorConfig, simulate: bool) -> Callable[[], Sensor]:
    spec = SensorSpec(
        part=sensor.part,
        bus=sensor.bus,
        address=sensor.address,
        simulate=simulate,
        room=sensor.room,
        site=site,
        period_s=sensor.period_s,
        altitude_m=sensor.altitude_m,
        ambient_pressure_hpa=sensor.ambient_pressure_hpa,
        self_calibration=sensor.self_calibration,
        temperature_offset_c=sensor.temperature_offset_c,
    )
    return lambda: open_sensor(spec)


def check_sensors(config: AgentConfig) -> None:
    """See that each sensor has a driver which takes its settings; no bus is opened.

    Raises:
        ConfigurationError: With the place of every one that cannot be.
    """
    problems = []
    for index, opener in enumerate(openers_of(config, simulate=False)[: len(config.sensors)]):
        try:
            opener()
        except SensorError as error:
            setting = getattr(error, "setting", "")
            problems.append(f"$.sensors[{index}]{'.' + setting if setting else ''}: {error}")
    if problems:
        raise ConfigurationError(problems)
