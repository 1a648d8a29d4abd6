"""The word `command` of `openhall-gateway`: orders something of an agent through the running gateway."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gateway import config_file, logs
from gateway.config import Config
from gateway.errors import ConfigurationError

WELL: Final = 0
NEGATIVE: Final = 1
UNREACHABLE: Final = 4

LOOK_S: Final = 0.5
REQUEST_S: Final = 15.0
NAMES: Final = ("identify", "read", "resend", "period", "config", "restart", "logs", "calibrate")


class _UnreachableError(Exception):
    """The gateway does not answer; the text says how."""


def add_commands(verbs: Any) -> None:
    """Add the word to a parser's subparsers."""
    text = "Order something of an agent, and wait for its answer. The gateway must be running."
    parser = verbs.add_parser("command", help=text, description=text)
    parser.add_argument("site", metavar="SITE", help="the branch")
    parser.add_argument("agent", metavar="AGENT", help="its agent")
    parser.add_argument("name", metavar="NAME", choices=NAMES, help=", ".join(NAMES))
    parser.add_argument("arguments", nargs="*", metavar="KEY=VALUE", help="such as seconds=30, point=hall-air")
    parser.add_argument("--toml", type=Path, metavar="AGENT.toml", help="of config: the whole configuration")
    parser.add_argument(
        "--config", type=Path, required=True, metavar="GATEWAY.toml", help="the gateway's configuration"
    )
    parser.add_argument("--url", help="where the gateway is (its own [http] host and port)")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="a file with the token (that of [http] --as)")
    parser.add_argument("--as", dest="who", metavar="NAME", help="whose token of [http] token_file, if it has several")
    parser.add_argument("--wait", type=float, default=120.0, metavar="S", help="for the answer (%(default)g)")
    parser.add_argument("--expires", type=float, metavar="S", help="how long the agent may take to hear it (600)")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")
    parser.set_defaults(verb=run_command)


def run_command(options: argparse.Namespace) -> int:
    """The handler: 0 if the agent did it, 1 if it did not, 4 if the gateway cannot be reached.

    Raises:
        ConfigurationError: If the words cannot be used, or the gateway refuses them.
    """
    config = config_file.load(options.config)
    logs.configure(config.log)
    wish: dict[str, Any] = {"name": options.name, "arguments": _arguments(options)}
    if options.expires is not None:
        wish["expires_s"] = options.expires
    base = f"{options.url or _url_of(config)}/api/v1/sites/{quote(options.site, '')}/agents/{quote(options.agent, '')}"
    headers = {"Authorization": f"Bearer {_token(config, options)}", "Content-Type": "application/json"}
    try:
        order = _ask("POST", f"{base}/commands", headers, wish)
        ends_s = time.monotonic() + options.wait
        while order["state"] == "open" and time.monotonic() < ends_s:
            time.sleep(LOOK_S)
            order = _ask("GET", f"{base}/commands/{order['id']}", headers, None)
    except _UnreachableError as error:
        sys.stderr.write(f"openhall-gateway: {error}\n")
        return UNREACHABLE
    sys.stdout.write((json.dumps(order, ensure_ascii=False) if options.json else _text(order)) + "\n")
    return WELL if order["state"] == "done" else NEGATIVE


def _arguments(options: argparse.Namespace) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for text in options.arguments:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"{text!r} is no argument; write KEY=VALUE, such as seconds=30")
        try:
            words[key] = json.loads(value)
        except ValueError:
            words[key] = value
    if options.toml is not None:
        try:
            words["toml"] = options.toml.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"--toml: {options.toml} cannot be read: {error}") from error
    return words


def _url_of(config: Config) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.http.host, config.http.host)
    return f"http://[{host}]:{config.http.port}" if ":" in host else f"http://{host}:{config.http.port}"


def _token(config: Config, options: argparse.Namespace) -> str:
    path = options.token_file or config.http.token_file
    if path is None:
        raise ConfigurationError("orders need a token: set [http] token_file, or give --token-file")
    try:
        lines = [line.partition("#")[0].split() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}; give a file this user may read") from error
    return _chosen([line for line in lines if line], options.who, str(path))


def _chosen(lines: Sequence[Sequence[str]], who: str | None, path: str) -> str:
    """The token among the words of a file: its only word, or that of a line `NAME TOKEN`."""
    if len(lines) == 1 and (len(lines[0]) == 1 or who is None):
        return lines[0][-1]
    found = [line[1] for line in lines if len(line) == 2 and line[0] == who]
    if len(found) != 1:
        names = ", ".join(line[0] for line in lines if len(line) == 2)
        raise ConfigurationError(f"{path} has the tokens of {names or 'nobody'}; say whose to show with --as NAME")
    return found[0]


def _ask(method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None) -> dict[str, Any]:
    import urllib3

    content = None if body is None else json.dumps(body).encode()
    try:
        with urllib3.PoolManager(retries=False, timeout=REQUEST_S) as pool:
            answer = pool.request(method, url, headers=headers, body=content)
    except urllib3.exceptions.HTTPError as error:
        raise _UnreachableError(f"no gateway answers at {url}: {error}; is it running there?") from error
    try:
        found: dict[str, Any] = answer.json()
    except ValueError as error:
        raise _UnreachableError(f"what answers at {url} is no gateway: HTTP {answer.status}") from error
    if answer.status >= 500:
        raise _UnreachableError(f"HTTP {answer.status}: {found.get('detail', '')}")
    if answer.status >= 400:
        raise ConfigurationError(str(found.get("detail") or f"HTTP {answer.status}"))
    return found


def _text(order: dict[str, Any]) -> str:
    head = f"{order['id']}  {order['name']}  {order['state']}"
    if order["state"] == "failed":
        return f"{head}: {order['error']}"
    if order["state"] == "open":
        return f"{head}: no answer yet; it is repeated until it expires"
    if order["state"] == "expired":
        return f"{head}: the agent was not heard of in time"
    lines = (order["result"] or {}).get("lines")
    return head + "\n" + ("\n".join(lines) if lines else json.dumps(order["result"], ensure_ascii=False))
