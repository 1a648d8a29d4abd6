"""From `[[sensors]]` to points, plans and sensors; what `run`, `read-once` and `check-config` share."""

from collections.abc import Callable

from agent.config import AgentConfig, SensorConfig
from agent.errors import ConfigurationError
from agent.sampler import SensorPlan
from sensors import Sensor, SensorError, SensorSpec, open_sensor
from telemetry.messages import PointInfo
from telemetry.parts import PARTS


def points_of(config: AgentConfig, *, simulate: bool) -> list[PointInfo]:
    """The air points as presence declares them, in the configuration's order."""
    return [
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


def plans_of(config: AgentConfig, *, simulate: bool) -> list[SensorPlan]:
    """What the sampler has to do, in the configuration's order."""
    return [
        SensorPlan(
            point=sensor.point,
            room=sensor.room,
            part=PARTS[sensor.part],
            period_s=sensor.period_s,
            calibration=sensor.calibration,
            simulated=simulate,
        )
        for sensor in config.sensors
    ]


def openers_of(config: AgentConfig, *, simulate: bool) -> list[Callable[[], Sensor]]:
    """One a sensor, in the configuration's order; each makes its sensor, not yet started."""
    return [_opener(config.site, sensor, simulate) for sensor in config.sensors]


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
    for index, opener in enumerate(openers_of(config, simulate=False)):
        try:
            opener()
        except SensorError as error:
            setting = getattr(error, "setting", "")
            problems.append(f"$.sensors[{index}]{'.' + setting if setting else ''}: {error}")
    if problems:
        raise ConfigurationError(problems)
