"""One class for each physical sensor, and the way from a line of the configuration to it.

sensor = open_sensor(SensorSpec(part="scd41", bus="/dev/i2c-1", altitude_m=45))
sensor.start()
sensor.read()      # {"co2_ppm": 612.0, "temperature_c": 22.41, "humidity_pct": 43.7}, or None: nothing new yet
sensor.stop()
"""

from sensors.errors import SensorError
from sensors.opening import open_sensor
from sensors.spec import Sensor, SensorSpec

__all__ = ["Sensor", "SensorError", "SensorSpec", "open_sensor"]
