"""The way to the broker through an HTTP proxy that takes CONNECT (RFC 9110, section 9.3.6).

paho leaves that to PySocks, which takes the proxy's answer for over after its first line: headers that come in a packet
of their own then stand in the middle of the TLS handshake. The standard library reads it to its end.
"""

import base64
import http.client
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agent.config import BrokerConfig


class ProxiedClient(Client):
    """paho's client; where `[broker]` names a proxy, its connections begin there, and only there."""

    def __init__(self, broker: BrokerConfig, **words: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, **words)
        self._broker = broker

    def _create_socket_connection(self) -> socket.socket:
        """Paho's own hook for TCP, below TLS and WebSocket; a test notices if it goes.

        Raises:
            OSError: If the proxy cannot be reached, or opens no tunnel.
        """
        broker = self._broker
        if broker.proxy is None:
            return socket.create_connection((broker.host, broker.effective_port), timeout=self.connect_timeout)
        return tunnel(broker, broker.proxy, timeout_s=self.connect_timeout)


def tunnel(broker: BrokerConfig, url: str, *, timeout_s: float) -> socket.socket:
    """A connection to the broker through the proxy, which looks the broker's name up.

    Raises:
        OSError: If the proxy cannot be reached, or opens no tunnel.
    """
    proxy = urlsplit(url)
    link = http.client.HTTPConnection(str(proxy.hostname), proxy.port, timeout=timeout_s)
    link.set_tunnel(broker.host, broker.effective_port, headers=_headers(broker))
    try:
        link.connect()
    except (OSError, http.client.HTTPException) as error:
        link.close()
        raise OSError(f"the proxy {proxy.hostname}:{proxy.port} opens no way to the broker: {error}") from error
    return link.sock


def secret_in(path: str) -> str:
    """What a file holds but for its line end."""
    return Path(path).read_text(encoding="utf-8").rstrip("\r\n")


def _headers(broker: BrokerConfig) -> dict[str, str]:
    # Python before 3.12 says HTTP/1.0 and leaves the host away, which some proxies want all the same.
    headers = {"Host": f"{broker.host}:{broker.effective_port}"}
    if broker.proxy_username is None:
        return headers
    password = "" if broker.proxy_password_file is None else secret_in(broker.proxy_password_file)
    shown = base64.b64encode(f"{broker.proxy_username}:{password}".encode()).decode()
    return headers | {"Proxy-Authorization": f"Basic {shown}"}
