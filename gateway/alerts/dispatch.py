"""Delivers what the outbox holds: through the first channel that works, recorded before and after."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Final

import structlog

from gateway.alerts import alarm_rows
from gateway.alerts.engine import AlertEngine
from gateway.alerts.links import Claim, Links
from gateway.alerts.outbox import Batch, Outbox
from gateway.alerts.settings import AlertsConfig, PersonConfig
from gateway.alerts.texts import Wording, gravest_first
from gateway.errors import StateUnavailable
from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable, NotifierError
from gateway.notifiers.message import Address, Message
from gateway.notifiers.ports import Notifier
from gateway.state.state import State
from telemetry.clock import Clock, to_ms

log = structlog.get_logger(__name__)

LINK_PATH: Final = "/a/"
"""Where the page that acknowledges is; short, since an SMS is."""


def address_of(name: str, person: PersonConfig) -> Address:
    """How a person of the configuration is reached."""
    fields = ("name", "email", "mobile", "wecom", "dingtalk", "feishu", "address")
    return Address(person=name, **{field: getattr(person, field) for field in fields})


class Dispatcher:
    """`round` is called from one thread; deliveries run in the pool, one at a time for each channel and urgency.

    A channel that hangs holds up no other one, and no call for help waits behind its messages of less urgency.
    """

    def __init__(
        self,
        database: State,
        *,
        outbox: Outbox,
        engine: AlertEngine,
        wording: Wording,
        links: Links,
        config: AlertsConfig,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        pool: Executor | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Make it.

        Args:
            database: Where alarms are read.
            outbox: What waits.
            engine: Is told when somebody cannot be reached.
            wording: The words.
            links: Signs the links.
            config: People and channels.
            notifiers: By the channel's name.
            clock: The time.
            pool: Where deliveries run; None: within `round`, for tests and the command line.
            wake: Called when a delivery has ended, so that the next one begins.
        """
        self._database = database
        self._outbox = outbox
        self._engine = engine
        self._wording = wording
        self._links = links
        self._config = config
        self._notifiers = notifiers
        self._clock = clock
        self._pool = pool
        self._wake = wake
        self._lock = threading.Lock()
        self._busy: set[tuple[str, bool]] = set()
        self._unrecorded: list[Callable[[], None]] = []
        self._dead: set[str] = set()

    def round(self) -> int:
        """Begin what is due; returns how many messages.

        Raises:
            StateUnavailable: If the outbox cannot be read; the next round tries again.
        """
        self._record_the_rest()
        started = 0
        for batch in self._outbox.due(self._now_ms()):
            lane = (self._channel(batch), batch.is_urgent)
            with self._lock:
                if lane in self._busy:
                    continue
                self._busy.add(lane)
            started += 1
            if self._pool is None:
                self._run(batch, lane)
            else:
                self._pool.submit(self._run, batch, lane)
        self._engine.metrics.waiting.set(sum(self._outbox.counts().values()))
        return started

    def waits(self) -> bool:
        """True while anything is still to be told."""
        return bool(self._outbox.counts())

    def _run(self, batch: Batch, lane: tuple[str, bool]) -> None:
        try:
            self._deliver(batch)
        except StateUnavailable as error:
            log.warning("a message waits for the state database", person=batch.person, error=str(error))
        except Exception:
            log.exception("fault of ours while telling somebody, trying on", person=batch.person)
        finally:
            with self._lock:
                self._busy.discard(lane)
            self._wake()

    def _deliver(self, batch: Batch) -> None:
        person = self._config.people.get(batch.person)
        begun = self._outbox.begin(batch)
        if begun is None:
            return
        if person is None or batch.channel >= len(person.channels):
            self._failed(begun, person, "", ChannelRefused("the configuration no longer knows how to reach them"))
            return
        channel = person.channels[batch.channel]
        try:
            notifier = self._notifiers[channel]
            message = self._message(begun, person, notifier)
            delivered = notifier.send(message, address_of(batch.person, person), self._now_ms())
        except NotifierError as error:
            self._failed(begun, person, channel, error)
        except StateUnavailable:
            raise
        except Exception as error:
            # A fault in one channel's adapter must not cost the message: the next channel may carry it.
            log.exception("fault of ours in a channel", channel=channel)
            fault = ChannelUnavailable(f"{channel}: {type(error).__name__}", in_doubt=True)
            self._failed(begun, person, channel, fault)
        else:
            self._told(begun, channel, delivered=delivered is True)

    def _message(self, batch: Batch, person: PersonConfig, notifier: Notifier) -> Message:
        now_ms = self._now_ms()
        with self._database.read() as connection:
            alarms = gravest_first(alarm_rows.list_alarms(connection, ids=batch.alarms))
        link = ""
        if self._config.board:
            expires_ms = now_ms + round(self._config.link_valid_s * 1000)
            claim = Claim(batch.key, batch.person, expires_ms, notifier.in_group)
            link = self._config.board.rstrip("/") + LINK_PATH + self._links.make(claim)
        return self._wording.message(
            alarms,
            batch.tell,
            language=person.language,
            key=batch.key,
            link=link,
            repeat=batch.repeat,
            now_ms=now_ms,
        )

    def _told(self, batch: Batch, channel: str, *, delivered: bool) -> None:
        self._engine.metrics.notices.labels(channel, "told").inc()
        if channel in self._dead:
            self._dead.discard(channel)
            log.info("a channel works again", channel=channel)
        now_ms = self._now_ms()
        self._recorded(lambda: self._outbox.told(batch, channel, now_ms, delivered=delivered))

    def _failed(self, batch: Batch, person: PersonConfig | None, channel: str, error: NotifierError) -> None:
        refused = isinstance(error, ChannelRefused)
        self._engine.metrics.notices.labels(channel, "refused" if refused else "failed").inc()
        say = log.debug if channel in self._dead else log.warning
        say("a channel did not take a message", channel=channel, person=batch.person, error=str(error))
        self._dead.add(channel)
        now_ms = self._now_ms()

        def record() -> None:
            hopeless = self._outbox.failed(
                batch,
                str(error),
                now_ms,
                channels=0 if person is None else len(person.channels),
                refused=refused,
                in_doubt=getattr(error, "in_doubt", False),
                wait_s=getattr(error, "wait_s", 0.0),
            )
            if hopeless:
                self._engine.metrics.hopeless.inc()
                log.error("somebody cannot be told, no channel is left", person=batch.person, error=str(error))
                self._engine.unreachable(batch.alarms)

        self._recorded(record)

    def _recorded(self, record: Callable[[], None]) -> None:
        try:
            record()
        except StateUnavailable as error:
            # The answer of the channel is known to us alone: a later round writes it down.
            log.warning("what was told is not recorded yet", error=str(error))
            with self._lock:
                self._unrecorded.append(record)

    def _record_the_rest(self) -> None:
        while True:
            with self._lock:
                if not self._unrecorded:
                    return
                record = self._unrecorded[0]
            record()
            with self._lock:
                self._unrecorded.pop(0)

    def _channel(self, batch: Batch) -> str:
        person = self._config.people.get(batch.person)
        return person.channels[batch.channel] if person and batch.channel < len(person.channels) else ""

    def _now_ms(self) -> int:
        return to_ms(self._clock.now())


def trial_message(name: str, person: PersonConfig, *, now_ms: int) -> Message:
    """What `notify test` sends."""
    chinese = person.language == "zh-CN"
    title = "测试：OpenHall 报警通知" if chinese else "Test: OpenHall notification"
    text = "收到此消息说明该渠道可用，无需处理。" if chinese else "This channel works. There is nothing to do."
    return Message(key=f"test-{name}-{now_ms}", title=title, text=text, severity="info", tell="test")
