"""What an SCD4x remembers, and what may be wrong with it; sections are those of its data sheet v1.3."""

from dataclasses import dataclass, field

from sensors.simulated.chip import Faults


@dataclass(slots=True)
class Settings:
    """The words that the get and set commands move, as they are delivered (sections 3.6 and 3.7)."""

    temperature_offset: int = 1_498  # 4 °C in steps of 175 °C / 65535
    altitude_m: int = 0
    pressure_hpa: int = 0  # none given: the altitude counts
    self_calibration: int = 1
    calibration_target_ppm: int = 400
    initial_period_h: int = 44
    standard_period_h: int = 156

    def copy(self) -> "Settings":
        """The same words, apart."""
        return Settings(*(getattr(self, name) for name in self.__slots__))


@dataclass(slots=True)
class Scd4xFaults(Faults):
    """What else may be wrong with it.

    Attributes:
        self_test: The word of the self-test; not 0 is a malfunction.
        is_zero: Its CO2 is 0 ppm, "no valid sample".
        says_variant: The part it says it is; "" if it does not know the command, None for the truth.
    """

    self_test: int = 0
    is_zero: bool = False
    says_variant: str | None = None


@dataclass(slots=True)
class Memory:
    """What outlives a loss of power."""

    settings: Settings = field(default_factory=Settings)
    correction_ppm: float = 0.0
    writes: int = 0
