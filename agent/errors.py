"""Errors of the agent; the branch says what the caller does.

```
AgentError
├── ConfigurationError     tell the operator, exit 2
├── RecordingError         the file of a replay cannot be used: tell who asked, exit 2
├── CheckError             a probe or a Modbus device did not answer: it becomes the state of its point
├── PressError             a simulated input cannot be pressed: tell who asked
├── CalibrationError       a sensor was not calibrated, and nothing was done to it: tell who asked, exit 1
└── JournalError           the journal cannot be opened or written: tell the operator, exit 70
```
"""

from collections.abc import Sequence


class AgentError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(AgentError):
    """The configuration cannot be used.

    Attributes:
        problems: One sentence each: the place (`$.sensors[1].address`), what is wrong, what to do.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class RecordingError(AgentError):
    """A recording cannot be replayed at all; the text names the file, the line or column, and what to do."""


class JournalError(AgentError):
    """The journal cannot be used; the text names the file and what to do."""


class CheckError(AgentError):
    """A probe or a Modbus device did not answer, or wrongly; the text says how, for the state's reason."""


class PressError(AgentError):
    """A simulated input cannot be pressed; the text says why and what to do."""


class CalibrationError(AgentError):
    """A sensor was not calibrated and is as it was; the text says why and what to do."""
