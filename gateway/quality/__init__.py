"""What the gateway thinks of a reading: good or suspect."""

from gateway.quality.single import Shown, field_of, is_suspect, judge

__all__ = ["Shown", "field_of", "is_suspect", "judge"]
