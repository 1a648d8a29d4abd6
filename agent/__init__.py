"""The program of a branch: sampler, journal, uplink, commands, health. It meets the gateway on the bus only."""
