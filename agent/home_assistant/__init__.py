"""Home Assistant: every point of the branch, told to its own broker by MQTT discovery. Opt-in.

The mirror is not imported here: every agent reads the settings at its start, few have the table.
"""

from agent.home_assistant.settings import HomeAssistantConfig

__all__ = ["HomeAssistantConfig"]
