"""What goes wrong during a run of the twin, drawn from a seed. Pure."""

import random
from enum import StrEnum
from typing import Final, NamedTuple


class Fault(StrEnum):
    """One kind of misfortune."""

    POWER = "power cut in branches"
    NETWORK = "network cut of branches"
    CLOCK = "clock jump in branches"
    POISON = "malformed messages"
    BROKER = "broker killed"
    GATEWAY = "gateway killed"
    STORE_503 = "store answers 503"
    STORE_429 = "store answers 429"
    STORE_HANGS = "store hangs"
    STORE_RESETS = "store resets connections"
    DISK_FULL = "disk full at the gateway"


LASTS_S: Final = {
    Fault.POWER: (2.0, 20.0),
    Fault.NETWORK: (2.0, 15.0),
    Fault.CLOCK: (10.0, 60.0),
    Fault.POISON: (0.0, 0.0),
    Fault.BROKER: (0.5, 4.0),
    Fault.GATEWAY: (0.5, 4.0),
    Fault.STORE_503: (1.0, 10.0),
    Fault.STORE_429: (1.0, 10.0),
    Fault.STORE_HANGS: (2.0, 8.0),
    Fault.STORE_RESETS: (1.0, 8.0),
    Fault.DISK_FULL: (2.0, 8.0),
}
"""From and to, in seconds."""

SHARE: Final = 0.1
"""Of the branches, at most, that one fault strikes."""


class Strike(NamedTuple):
    """One fault: when it begins, how long it lasts, and which branches it strikes, if it strikes branches."""

    at_s: float
    fault: Fault
    lasts_s: float
    branches: tuple[int, ...] = ()


def schedule(seed: int, *, branches: int, seconds: float, every_s: float) -> list[Strike]:
    """Faults in turn, one every so many seconds; each kind comes before one comes twice."""
    rng = random.Random(seed)
    found: list[Strike] = []
    kinds: list[Fault] = []
    at_s = every_s
    while at_s < seconds:
        if not kinds:
            kinds = rng.sample(list(Fault), len(Fault))
        fault = kinds.pop()
        some: tuple[int, ...] = ()
        if fault in (Fault.POWER, Fault.NETWORK, Fault.CLOCK, Fault.POISON):
            some = tuple(sorted(rng.sample(range(branches), rng.randint(1, max(1, round(branches * SHARE))))))
        found.append(Strike(at_s, fault, rng.uniform(*LASTS_S[fault]), some))
        at_s += every_s
    return found
