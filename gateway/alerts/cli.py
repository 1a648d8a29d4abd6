"""The words `rules test`, `notify test` and `notify drill` of `openhall-gateway`."""

import argparse
import heapq
import logging
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from gateway.alerts.history_file import load_recording, time_ms
from gateway.alerts.rule_files import RuleFile, load_rules
from gateway.alerts.settings import NoiseConfig, RuleConfig
from gateway.errors import ConfigurationError
from telemetry.ids import is_id
from telemetry.topics import Root

WELL: Final = 0
NEGATIVE: Final = 1
UNREACHABLE: Final = 4

EMPTY_ADVICE: Final = "look at --history, --point, --from and --to"


def add_commands(verbs: Any) -> None:
    """Add the words to a parser's subparsers."""
    rules = verbs.add_parser("rules", help="alert rules").add_subparsers(required=True, metavar="ORDER")
    text = "Say what alert rules would have said over a file's history, or over the store's; nothing is sent."
    test = rules.add_parser("test", help=text, description=text)
    test.add_argument("--rules", required=True, type=Path, metavar="FILE.toml", help="[[rule]] tables, and [alerts]")
    test.add_argument(
        "--defaults", action="store_true", help="with the default rules; a gateway's file has them anyway"
    )
    test.add_argument("--history", type=Path, metavar="FILE.csv", help="columns time and names of quantities")
    test.add_argument("--point", metavar="SITE/POINT", help="whose history the file is; of the store only this point")
    test.add_argument("--from", dest="from_", metavar="T", help="from this time on: RFC 3339 or Unix seconds")
    test.add_argument("--to", metavar="T", help="up to this time")
    test.add_argument("--config", type=Path, metavar="GATEWAY.toml", help="where the store is, if not the rules' file")
    test.add_argument("--region", help="the region of --history, for rules that name one")
    test.add_argument("--room", help="the room of --history, for rules that name one")
    test.add_argument("--at-most", type=int, metavar="N", help="exit 1 if there are more alarms")
    test.add_argument("--fail-on-noise", action="store_true", help="exit 1 if they are noise by [alerts.noise]")
    test.add_argument("--per-responder-hour", type=float, metavar="N", help="that limit, as the next three")
    test.add_argument("--flood-share", type=float, metavar="SHARE")
    test.add_argument("--chattering", type=int, metavar="N")
    test.add_argument("--stale", type=int, metavar="N")
    test.add_argument("--json", action="store_true", help="the answer as JSON")
    test.set_defaults(verb=run_rules_test)
    notify = verbs.add_parser("notify", help="channels to people").add_subparsers(required=True, metavar="ORDER")
    text = "Send a test message to people, through each of their channels."
    trial = notify.add_parser("test", help=text, description=text)
    _add_config(trial)
    trial.add_argument("--person", action="append", metavar="NAME", help="only to them; may be given again")
    trial.add_argument("--channel", action="append", metavar="NAME", help="only through it; may be given again")
    trial.set_defaults(verb=run_notify_test)
    text = "Tell every step of escalation of an alarm that is a drill, at once, and say who could be reached."
    drill = notify.add_parser("drill", help=text, description=text)
    _add_config(drill)
    drill.add_argument("--site", required=True, help="the branch where it seems to be")
    drill.add_argument("--region", help="its region, unless the register has the branch or the gateway one region")
    drill.add_argument("--rule", default="call-for-help", help="the rule that seems to alarm (%(default)s)")
    drill.set_defaults(verb=run_notify_drill)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, metavar="GATEWAY.toml", help="the configuration file")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")


def run_rules_test(options: argparse.Namespace) -> int:
    """The handler of `rules test`.

    Raises:
        ConfigurationError: If rules, history or words cannot be used.
    """
    from gateway.alerts.kpis import noise
    from gateway.alerts.replay import Replay, encode, file_events

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rules = load_rules(options.rules, defaults=options.defaults)
    if (options.history is None) == (options.from_ is None):
        raise ConfigurationError("say over what: either --history FILE.csv --point SITE/POINT, or --from T --to T")
    if options.history is None:
        replay, found = _over_the_store(options, rules)
    else:
        root, point, room = _whose(options, rules.rule)
        recording = load_recording(options.history)
        for fault in recording.faults:
            sys.stderr.write(f"{options.history}: {fault}; left out\n")
        if recording.skipped > len(recording.faults):
            sys.stderr.write(f"{options.history}: {recording.skipped - len(recording.faults)} more lines left out\n")
        events, agents = file_events(recording.rows, root, point, room)
        begin_ms = recording.rows[0][0] if recording.rows else 0
        replay = Replay(rules, begin_ms)
        found = replay.run(events, agents)
    if not replay.tried:
        raise ConfigurationError(f"nothing was measured there, so that no rule was tried; {EMPTY_ADVICE}")
    for name in replay.idle_rules():
        sys.stderr.write(f"rule {name}: nothing in this history is about it; look at its place and quantity\n")
    kpis = replay.figures() if options.fail_on_noise else None
    faults = noise(kpis, _limits(rules, options)) if kpis is not None else []
    sys.stdout.write(encode(found, kpis, faults) + "\n" if options.json else _told_in_lines(found, replay))
    for fault in faults:
        sys.stderr.write(f"noise: {fault}\n")
    too_many = options.at_most is not None and len(found) > options.at_most
    return NEGATIVE if too_many or faults else WELL


def _limits(rules: RuleFile, options: argparse.Namespace) -> NoiseConfig:
    given = {name: getattr(options, name) for name in NoiseConfig.__struct_fields__}
    return msgspec.structs.replace(
        rules.alerts.noise, **{name: value for name, value in given.items() if value is not None}
    )


def _whose(options: argparse.Namespace, rules: Sequence[RuleConfig]) -> tuple[Root, str, str]:
    site, slash, point = (options.point or "").partition("/")
    if not slash or not is_id(site) or not is_id(point):
        raise ConfigurationError(f"--point {options.point or ''!r} is none; give SITE/POINT, such as east-001/hall-air")
    region = options.region or _the_only([rule.region for rule in rules], "history")
    room = options.room or _the_only([rule.room for rule in rules], "room")
    return Root(region, site, "replay"), point, room


def _the_only(words: Sequence[str | None], otherwise: str) -> str:
    """A file of readings does not say where it is from; where all rules that ask name one place, that one is meant."""
    named = {word for word in words if word is not None}
    return named.pop() if len(named) == 1 else otherwise


def _over_the_store(options: argparse.Namespace, rules: RuleFile) -> Any:
    from gateway import config_file
    from gateway.alerts.replay import Replay
    from gateway.alerts.store_history import StoreHistory
    from gateway.sites import register
    from gateway.state.state import State
    from gateway.stores.chosen import make_store
    from telemetry.clock import SystemClock

    config = config_file.load(options.config or options.rules)
    clock = SystemClock()
    try:
        from_ms = time_ms(options.from_)
        to_ms_ = time_ms(options.to) if options.to is not None else round(clock.now() * 1000)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    if from_ms >= to_ms_:
        raise ConfigurationError("--from lies after --to; exchange them")
    state = State.open(config.state.url)
    store = make_store(config, clock)
    try:
        history = StoreHistory(state, store, config.regions, options.point)
        events = heapq.merge(
            *history.air(from_ms, to_ms_), history.said(from_ms, to_ms_), key=lambda event: event.at_ms
        )
        known = {site.site: site for site in register.load(state)}
        replay = Replay(rules, from_ms, register=lambda: known)
        return replay, replay.run(events, history.agents)
    finally:
        store.close()
        state.close()


def _told_in_lines(found: Sequence[Any], replay: Any) -> str:
    if not found:
        return f"no alarm (rules: {replay.rules}, values and states: {replay.tried:,})\n"
    return "".join(f"{line}\n" for one in found for line in _lines(one.as_json()))


def _lines(one: dict[str, Any]) -> Iterator[str]:
    end = "to the end" if one["to"] is None else _time(one["to"])
    where = "/".join(filter(None, (one["site"], one["point"])))
    what = f"{one['severity']:9}  {one['rule']}  {where}  {one['quantity'] or ''}".rstrip()
    yield f"{_time(one['from'])}  {end:20}  {what}"
    for told in one["told"]:
        yield f"    {_time(told['time'])}  {told['tell']:11}  {told['to']} by {told['channel']}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_notify_test(options: argparse.Namespace) -> int:
    """The handler of `notify test`.

    Raises:
        ConfigurationError: If the configuration cannot be used, or names nobody of that name.
    """
    from gateway.alerts.trials import try_channels

    return _report(try_channels(options.config, people=options.person, channels=options.channel), options)


def run_notify_drill(options: argparse.Namespace) -> int:
    """The handler of `notify drill`.

    Raises:
        ConfigurationError: If the configuration cannot be used, or has no such rule.
    """
    from gateway.alerts.trials import drill

    return _report(drill(options.config, region=options.region, site=options.site, rule=options.rule), options)


def _report(outcomes: Sequence[Any], options: argparse.Namespace) -> int:
    if options.json:
        sys.stdout.write(msgspec.json.encode({"outcomes": [one._asdict() for one in outcomes]}).decode() + "\n")
    else:
        for one in outcomes:
            sys.stdout.write(
                f"{one.step:>12}  {one.person:16}  {one.channel:16}  {one.outcome}  {one.detail}".rstrip() + "\n"
            )
    if any(one.outcome == "unreachable" for one in outcomes):
        return UNREACHABLE
    return NEGATIVE if not outcomes or any(one.outcome != "told" for one in outcomes) else WELL
