"""When a message that no channel took is tried again, and by which one. Pure.

A round tries every channel of a person. After a round that failed the next step of escalation need not wait any more,
and the message rests: an outage of the gateway's own network ends, and people must hear then what still lasts.
"""

from typing import Final, NamedTuple

from gateway.alerts.settings import AlertsConfig

LONGEST_REST_S: Final = 900.0
"""So long at most a message rests between two rounds: the end of an outage is noticed within a quarter of an hour."""


class Try(NamedTuple):
    """What comes next.

    Attributes:
        attempts: How often the channel, or for what is urgent the round, was tried.
        channel: The place of the next channel.
        wait_ms: How long until then.
        rests: A round is over.
        gives_up: Nothing comes next.
    """

    attempts: int
    channel: int
    wait_ms: int
    rests: bool = False
    gives_up: bool = False


def next_try(
    config: AlertsConfig,
    *,
    attempts: int,
    channel: int,
    channels: int,
    urgent: bool,
    refused: bool,
    wait_s: float,
    age_ms: int,
) -> Try:
    """What comes after a failure.

    Args:
        config: Waits and tries.
        attempts: How often it was tried before this time.
        channel: The place of the channel that failed.
        channels: How many the person has.
        urgent: All channels are tried once before any is waited for.
        refused: This channel will never take it.
        wait_s: How long it asked us to wait, 0 if it did not.
        age_ms: How long ago the message was first to be told.
    """
    attempts += 1
    longest_s = config.retry_at_most_s
    if urgent:
        rounds, place = divmod(attempts, max(1, channels))
        if rounds < config.attempts:
            back_off_s = 0.0 if place else min(longest_s, config.retry_s * 2 ** (rounds - 1))
            return Try(attempts, place, round(back_off_s * 1000))
    elif not refused and attempts < config.attempts:
        back_off_s = min(longest_s, config.retry_s * 2 ** (attempts - 1))
        return Try(attempts, channel, round(max(back_off_s, min(wait_s, 10 * longest_s)) * 1000))
    elif channel + 1 < channels:
        return Try(0, channel + 1, 0)
    if not channels or age_ms >= config.give_up_s * 1000:
        return Try(attempts, channels, 0, gives_up=True)
    # The longer an outage lasts, the more seldom it is looked at.
    rest_s = max(longest_s, min(LONGEST_REST_S, age_ms / 2_000), min(LONGEST_REST_S, wait_s))
    return Try(0, 0, round(rest_s * 1000), rests=True)
