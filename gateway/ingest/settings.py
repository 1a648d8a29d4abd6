"""Every wait and limit of the ingest, with the contract's defaults: the table `[ingest]` of the configuration."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0, le=40_000_000)]
Count = Annotated[int, Meta(ge=1, le=10_000_000)]
Bytes = Annotated[int, Meta(ge=1_000_000, le=64_000_000_000)]


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long, how many, how large.

    Attributes:
        late_s: Air older on arrival than this, or than three periods of its point, never alarms.
        late_periods: That number of periods.
        future_s: Air dated further ahead is a dead letter.
        relative_back_s: A relative time further back (or ahead) is a dead letter, calls excepted.
        online_s: An agent is online that long after a message of its own.
        ask_after_s: What a branch holds and the store lacks is asked for after this.
        ask_again_s: A question without an answer is put again after this; it doubles.
        ask_at_most_s: Longest wait between two requests for the same; it doubles up to here.
        command_expires_s: How long an agent may take to carry a command out.
        ranges_a_command: At most that many ranges stand in one `resend`.
        commands_at_once: At most that many `resend` for one agent in one second.
        retention_s: Age beyond which the store's bucket refuses; such lines are parked. None: it keeps for ever.
        ledger_keep_days: How long the ledger and what was heard are kept.
        inbox_messages: Air messages that may wait to be read; more are shed (the agents still own them).
        inbox_bytes: Their bytes.
        inbox_facility_messages: Facility states that may wait to be read: a share of their own.
        inbox_facility_bytes: Their bytes.
        waiting_packs: Air packs that may wait for the store; more are shed.
        waiting_bytes: Their bytes.
        waiting_facility_packs: Facility packs that may wait for the store: a share of their own.
        waiting_facility_bytes: Their bytes.
        round_points: At most that many points are committed in one round.
        store_retry_s: First wait after the store refused; doubles, with jitter.
        store_retry_at_most_s: Longest such wait; one that the store asked for may be longer, up to ten times this.
        signatures: `flag`: what is unsigned or wrongly signed is counted, logged and stored; `refuse`: it is a dead
            letter, calls for help are heard all the same.
        dead_letters: At most that many without a pair are kept; the oldest go.
        dead_letter_bytes: The same for the bytes of their bodies.
        dead_letters_with_pair: At most that many with a pair: they were receipted and are never deleted. Packs that
            would need one more stay with their agents.
        dead_letter_bytes_with_pair: The same for the bytes of their bodies.
        journals_in_memory: Journals whose ledger stays in memory; beyond, it is read again where needed.
        spans_a_journal: Ranges kept of one journal; beyond, the lowest are forgotten and asked for again.
        agents: Agents that the directory follows.
        points: Points that the directory follows.
        sites_in_metrics: Sites with ledger minutes of their own in the metrics; the others are summed up.
        save_every_s: How often who was seen is written to the state database.
    """

    late_s: Seconds = 120.0
    late_periods: Annotated[float, Meta(ge=0, le=1_000)] = 3.0
    future_s: Seconds = 300.0
    relative_back_s: Seconds = 3_600.0
    online_s: Seconds = 180.0
    ask_after_s: Seconds = 600.0
    ask_again_s: Seconds = 60.0
    ask_at_most_s: Seconds = 21_600.0
    command_expires_s: Seconds = 600.0
    ranges_a_command: Annotated[int, Meta(ge=1, le=10_000)] = 200
    commands_at_once: Annotated[int, Meta(ge=1, le=1_000)] = 8
    retention_s: Annotated[float, Meta(ge=3_600)] | None = None
    ledger_keep_days: Annotated[float, Meta(ge=1, le=4_000)] = 400.0
    inbox_messages: Count = 50_000
    inbox_bytes: Bytes = 64_000_000
    inbox_facility_messages: Count = 20_000
    inbox_facility_bytes: Bytes = 16_000_000
    waiting_packs: Count = 100_000
    waiting_bytes: Bytes = 256_000_000
    waiting_facility_packs: Count = 50_000
    waiting_facility_bytes: Bytes = 64_000_000
    round_points: Annotated[int, Meta(ge=1, le=5_000)] = 5_000
    store_retry_s: Seconds = 1.0
    store_retry_at_most_s: Seconds = 60.0
    signatures: Literal["flag", "refuse"] = "flag"
    dead_letters: Count = 10_000
    dead_letter_bytes: Bytes = 256_000_000
    dead_letters_with_pair: Count = 1_000_000
    dead_letter_bytes_with_pair: Bytes = 2_000_000_000
    journals_in_memory: Count = 50_000
    spans_a_journal: Count = 10_000
    agents: Count = 50_000
    points: Count = 500_000
    sites_in_metrics: Count = 1_000
    save_every_s: Seconds = 30.0
