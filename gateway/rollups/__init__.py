"""Hourly means, computed by the gateway and computed again where late data comes."""
