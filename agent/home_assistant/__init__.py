"""Home Assistant: every point of the branch, told to its own broker by MQTT discovery. Opt-in."""

from agent.home_assistant.mirror import Mirror, Mirrored
from agent.home_assistant.settings import HomeAssistantConfig

__all__ = ["HomeAssistantConfig", "Mirror", "Mirrored"]
