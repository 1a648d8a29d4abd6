"""What agent and gateway agree on: quantities, parts, packs, topics, messages, the clock.

Standard library and msgspec only; imports nothing else of OpenHall.
"""
