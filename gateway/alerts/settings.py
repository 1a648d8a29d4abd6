"""The tables `[[rule]]` and `[alerts]` of the configuration."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.alerts.words import During, Role, Severity, When
from telemetry.ids import ID_PATTERN

Name = Annotated[str, Meta(pattern=rf"^{ID_PATTERN}$")]
Wait = Annotated[float, Meta(ge=0, le=604_800)]
Words = Annotated[str, Meta(max_length=500)]


class OverrideConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule says otherwise in some places; of several that fit, the later one counts.

    Attributes:
        region: Only there, as the next three.
        site: A site id.
        room: A room id.
        point: A point id.
        off: The rule does not apply there.
        severity: As in the rule, and so the following.
        above: The limit, for a rule that has one above.
        below: The limit, for a rule that has one below.
        recover: The value at which the alarm ends.
        for_s: How long it must last.
        recover_for_s: How long it must be over.
    """

    region: str | None = None
    site: str | None = None
    room: str | None = None
    point: str | None = None
    off: bool = False
    severity: Severity | None = None
    above: float | None = None
    below: float | None = None
    recover: float | None = None
    for_s: Wait | None = None
    recover_for_s: Wait | None = None


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One alert rule.

    Attributes:
        name: Unique; a rule with the name of a default rule takes its place.
        severity: `info`, `warning`, `critical` or `emergency`.
        when: What it watches; `threshold` unless given.
        quantity: For `threshold` and `rate` one that sensors measure; for `health` one of an agent's numbers.
        above: Alarm above this value, in the quantity's unit; exactly one of `above` and `below`.
        below: Alarm below it; for `certificate` the days that it is still good.
        recover: The value at which the alarm ends; on the quiet side of the limit, which it is unless given.
        over_s: For `rate`: the value changed by more than the limit within this time.
        for_s: How long it must last; for `no-data` the silence that counts.
        recover_for_s: How long it must be over.
        periods: For `no-data`: the silence is at least so many periods of the point.
        states: For `facility`: the states that alarm; without them a point that does not work alarms. For
            `opening-hours`: the states that say that the branch is not open; `closed` unless given. For `sampling`:
            the risks that alarm; all unless given.
        during: When it counts: `always`, or while the branch is `open` or `closed`; outside it is as if all were well.
        share: For `region-dark`: the share of the region's branches that are dark at once.
        at_least: For `region-dark`: and so many of them.
        region: Only there, as the next four; None: everywhere.
        site: A site id.
        room: A room id.
        point: A point id.
        kind: A point's kind.
        off: The rule applies nowhere; so a default rule is switched off by its name.
        title_en: What people are told instead of the usual words, as the next three.
        title_zh: In Chinese.
        advice_en: What to do now.
        advice_zh: In Chinese.
        source: Where the limit comes from.
        override: What is otherwise in some places.
    """

    name: Name
    severity: Severity
    when: When = When.THRESHOLD
    quantity: str | None = None
    above: float | None = None
    below: float | None = None
    recover: float | None = None
    over_s: Annotated[float, Meta(ge=1, le=86_400)] = 600.0
    for_s: Wait = 0.0
    recover_for_s: Wait = 0.0
    periods: Annotated[float, Meta(ge=1, le=1_000)] = 5.0
    states: tuple[str, ...] = ()
    during: During = During.ALWAYS
    share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    at_least: Annotated[int, Meta(ge=2, le=100_000)] = 3
    region: str | None = None
    site: str | None = None
    room: str | None = None
    point: str | None = None
    kind: str | None = None
    off: bool = False
    title_en: Words = ""
    title_zh: Words = ""
    advice_en: Words = ""
    advice_zh: Words = ""
    source: Words = ""
    override: tuple[OverrideConfig, ...] = ()


class StepConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of escalation: who is told, how long after the alarm went unanswered."""

    to: Role
    after_s: Wait = 0.0


def _steps(*waits: float) -> tuple[StepConfig, ...]:
    return tuple(StepConfig(to=role, after_s=wait) for role, wait in zip(Role, waits, strict=False))


class StepsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps by severity; the first is at 0 s, the deadlines rise. Ours, shorter the graver."""

    info: tuple[StepConfig, ...] = _steps(0)
    warning: tuple[StepConfig, ...] = _steps(0, 3_600, 14_400)
    critical: tuple[StepConfig, ...] = _steps(0, 300, 900, 1_800)
    emergency: tuple[StepConfig, ...] = _steps(0, 60, 180, 300)


class PersonConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is told.

    Attributes:
        name: As people call them.
        language: Of what they read.
        channels: By which they are reached, the first that works; names of `[alerts.channels]`.
        email: Their address, for a channel that needs one, as the next five.
        mobile: With which WeCom and DingTalk mention them and SMS reaches them.
        wecom: Their user id in WeCom.
        dingtalk: Their user id in DingTalk.
        feishu: Their open_id or user_id in Feishu.
        address: Anything else that a channel's address asks for as `{address}`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    channels: Annotated[tuple[str, ...], Meta(min_length=1)]
    language: Literal["zh-CN", "en"] = "zh-CN"
    email: str = ""
    mobile: str = ""
    wecom: str = ""
    dingtalk: str = ""
    feishu: str = ""
    address: str = ""


class ChannelConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to reach people.

    Attributes:
        kind: `wecom`, `dingtalk`, `feishu`: a group's robot. `apprise`: e-mail, SMS, Telegram, Slack, MQTT, any other
            that Apprise knows. `file`: one JSON a line is appended to a file.
        key_file: For a group's robot: a file with nothing but its key (the last part of its webhook address).
        secret_file: For DingTalk and Feishu: a file with nothing but the secret that signs.
        base: For a group's robot: where its service is, for a private cloud.
        url_file: For `apprise`: a file with the address in Apprise's form, in which `{email}`, `{mobile}`, `{address}`
            and the like stand for the person's.
        path: For `file`: the file.
        timeout_s: How long one attempt may take.
    """

    kind: Literal["wecom", "dingtalk", "feishu", "apprise", "file"]
    key_file: str | None = None
    secret_file: str | None = None
    base: Annotated[str, Meta(pattern=r"^(https?://[^\s?#]+)?$")] = ""
    url_file: str | None = None
    path: str | None = None
    timeout_s: Annotated[float, Meta(ge=0.1, le=120)] = 10.0


class PlaceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers for a branch, and when it is open.

    Attributes:
        responsible: People told first; a rota of the branch goes before them.
        deputy: Told next.
        after_hours: Told first while the branch is closed; without them the responsible are.
        hours: Opening hours in OpenStreetMap's form; those of `[alerts]` unless given.
        time_zone: IANA name; that of `[alerts]` unless given.
    """

    responsible: tuple[str, ...] = ()
    deputy: tuple[str, ...] = ()
    after_hours: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    hours: str | None = None
    time_zone: str | None = None


class RotaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who take turns as the responsible.

    Attributes:
        region: For all branches of a region, or
        site: for one branch, which goes before its region's; exactly one of the two.
        first: The day on which the first one's turn begins.
        each_days: How long a turn is.
        people: In order; after the last the first again.
    """

    first: date
    people: Annotated[tuple[str, ...], Meta(min_length=1)]
    region: str | None = None
    site: str | None = None
    each_days: Annotated[int, Meta(ge=1, le=366)] = 7


class AwayConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Somebody is away from one day to another, both included; `stands_in` is told instead."""

    person: str
    from_: date
    to: date
    stands_in: str


class WindowConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A maintenance or renovation planned ahead, or something out of service: what rises there is listed, not told.

    Calls for help pass through.

    Attributes:
        why: Shown with every alarm that it holds back.
        from_: When it begins, with a time zone.
        to: When it ends, with a time zone; may be left out for what is out of service.
        region: Only there, as the next three; one of the four must be given.
        site: A site id.
        room: A room id.
        point: A point id.
        out_of_service: The thing itself is taken out of service, not only worked on.
    """

    why: Annotated[str, Meta(min_length=1, max_length=200)]
    from_: datetime
    to: datetime | None = None
    region: str | None = None
    site: str | None = None
    room: str | None = None
    point: str | None = None
    out_of_service: bool = False


class DeadmanConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A second place that is told, as long as all works; it tells people when it hears nothing.

    Attributes:
        urls: Addresses that are asked for; any answer of 200 to 299 counts.
        url_file: A file with such addresses, one a line, where they are secrets.
        period_s: How often.
        timeout_s: How long one answer may take.
        hang_s: A part that has not finished a round for so long hangs, and an urgent message that waits so long beyond
            its time is not delivered: no ping goes out.
    """

    urls: Annotated[tuple[Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+")], ...], Meta(max_length=10)] = ()
    url_file: str | None = None
    period_s: Annotated[float, Meta(ge=5, le=3_600)] = 60.0
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 10.0
    hang_s: Annotated[float, Meta(ge=30, le=3_600)] = 180.0


class GradeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grade of the owner's emergency plan; of several that fit an alarm the first counts.

    Attributes:
        name: As the plan calls it.
        rules: Alarms of these rules; none named: of all.
        severities: Alarms of these severities; none named: of all.
        report_within_s: Within this time of its rise the incident is reported.
        remind_before_s: So long before the end of it whoever is the branch's contact is reminded.
    """

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    report_within_s: Annotated[float, Meta(ge=60, le=2_592_000)]
    rules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    remind_before_s: Wait = 1_800.0


class NoiseConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many alarms are noise: the targets of ISA-18.2-2009 (16.5) and EEMUA 191 for one operator.

    Attributes:
        per_responder_hour: Alarms that one person is told of in an hour, on average.
        flood_share: The share of all ten minutes in which more than ten are told to one person.
        chattering: Causes that rise three times within an hour.
        stale: Alarms that last for more than a day.
    """

    per_responder_hour: Annotated[float, Meta(ge=0, le=1_000_000)] = 6.0
    flood_share: Annotated[float, Meta(ge=0, le=1)] = 0.01
    chattering: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    stale: Annotated[int, Meta(ge=0, le=1_000_000)] = 4


class DigestConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The weekly digest of how much was noise: `to` whom, on which `day` and `hour` of the clock of `[alerts]`."""

    to: tuple[str, ...] = ()
    day: Literal["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] = "Mo"
    hour: Annotated[int, Meta(ge=0, le=23)] = 9


class AlertsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of alarms, when and how.

    Attributes:
        defaults: Whether the default rules apply beside the `[[rule]]` of the file.
        board: The address of the board as people's telephones reach it, for links in messages and on reports; without
            it messages carry no link.
        link_key_file: A file with the secret that signs those links; one is made and kept in the state database unless
            given.
        link_valid_s: How long such a link acknowledges.
        hours: Opening hours of branches that have none of their own, in OpenStreetMap's form; empty: always open.
        time_zone: IANA name.
        holidays: Country whose public holidays and make-up working days count, as in ISO 3166; empty: none.
        closed_on: Days that are holidays whatever the calendar says.
        open_on: Days that are working days whatever the calendar says.
        muted: Severities of which people are told only while the branch is open.
        group_wait_s: How long a message waits for others to the same person; emergencies and critical ones do not.
        group_interval_s: The least time between two messages of no great urgency to the same person.
        clear_wait_s: How long an alarm must be over before people are told so.
        retry_s: First wait after a channel failed; it doubles.
        retry_at_most_s: The longest.
        attempts: After so many a channel counts as dead for this message, and the person's next one is tried.
        give_up_s: So long a message that no channel takes is tried again and again, while it still says something true.
        returned_keep_s: An alarm that is over and that nobody acknowledged ends by itself after this; critical ones and
            calls never.
        shelve_at_most_s: For how long an alarm may be shelved.
        open_alarms: At most that many; further ones, emergencies excepted, are counted and not raised.
        keep_days: How long closed alarms and what was told are kept.
        steps: Escalation by severity.
        people: By a short name.
        channels: By a short name.
        sites: By site id.
        regions: By region id, who is told for a region.
        city: Who is told last.
        rota: Turns.
        away: Absences.
        window: Maintenance, renovation, out of service.
        grade: Incidents of the owner's emergency plan.
        noise: When the weekly digest, and `rules test --fail-on-noise`, call it noise.
        digest: Who gets the weekly digest, and when.
        deadman: Who hears that the gateway lives.
    """

    defaults: bool = True
    board: Annotated[str, Meta(pattern=r"^(https?://[^\s?#]+)?$")] = ""
    link_key_file: str | None = None
    link_valid_s: Annotated[float, Meta(ge=60, le=2_592_000)] = 86_400.0
    hours: str = ""
    time_zone: str = "Asia/Shanghai"
    holidays: str = "CN"
    closed_on: tuple[date, ...] = ()
    open_on: tuple[date, ...] = ()
    muted: tuple[Severity, ...] = (Severity.INFO, Severity.WARNING)
    group_wait_s: Wait = 30.0
    group_interval_s: Wait = 300.0
    clear_wait_s: Wait = 120.0
    retry_s: Annotated[float, Meta(gt=0, le=3_600)] = 2.0
    retry_at_most_s: Annotated[float, Meta(gt=0, le=3_600)] = 60.0
    attempts: Annotated[int, Meta(ge=1, le=100)] = 4
    give_up_s: Annotated[float, Meta(ge=0, le=2_592_000)] = 86_400.0
    returned_keep_s: Annotated[float, Meta(ge=60, le=31_536_000)] = 86_400.0
    shelve_at_most_s: Annotated[float, Meta(ge=60, le=2_592_000)] = 604_800.0
    open_alarms: Annotated[int, Meta(ge=1, le=1_000_000)] = 50_000
    keep_days: Annotated[float, Meta(ge=1, le=36_500)] = 400.0
    steps: StepsConfig = StepsConfig()
    people: dict[str, PersonConfig] = {}
    channels: dict[str, ChannelConfig] = {}
    sites: dict[str, PlaceConfig] = {}
    regions: dict[str, tuple[str, ...]] = {}
    city: tuple[str, ...] = ()
    rota: tuple[RotaConfig, ...] = ()
    away: tuple[AwayConfig, ...] = ()
    window: tuple[WindowConfig, ...] = ()
    grade: tuple[GradeConfig, ...] = ()
    noise: NoiseConfig = NoiseConfig()
    digest: DigestConfig = DigestConfig()
    deadman: DeadmanConfig = DeadmanConfig()
