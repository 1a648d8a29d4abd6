"""What one would write in an afternoon: paho, json and influxdb-client in one short program. It promises nothing.

It is here to be measured beside the gateway, in the same run: no receipt, ledger, dead letter, quality or alarm, and
what is in its memory when it dies is gone. Run by the benchmark:

    python -m bench.minimal_loop --broker PORT --url http://127.0.0.1:8086 --bucket bench --write points|bodies
                                 --packs 1000 [--v1]

It ends when that many packs are stored.
"""

import argparse
import json
import queue
import sys
import threading
from typing import Any, Final

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS, WriteOptions
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

HOST: Final = "127.0.0.1"
BATCH: Final = 5_000
FLUSH_MS: Final = 1_000
MS: Final[Any] = "ms"


class Tally:
    """Counts what is stored; says so once it is all."""

    def __init__(self, packs: int) -> None:
        self.all_stored = threading.Event()
        self._packs = packs
        self._stored = 0

    def add(self, lines: int) -> None:
        """So many more lines are stored."""
        self._stored += lines
        if self._stored >= self._packs:
            self.all_stored.set()


class Points:
    """A `Point` a pack into influxdb-client's batching mode."""

    def __init__(self, client: InfluxDBClient, bucket: str, tally: Tally) -> None:
        def stored(_where: object, lines: bytes) -> None:
            tally.add(lines.count(b"\n") + 1)

        self._bucket = bucket
        self._api = client.write_api(
            write_options=WriteOptions(batch_size=BATCH, flush_interval=FLUSH_MS), success_callback=stored
        )

    def put(self, body: bytes | bytearray) -> None:
        """Take one pack."""
        records = json.loads(body)
        site, name, _ = records[0]["bn"].split("/")
        point: Any = Point("air")  # type: ignore[no-untyped-call]
        point.tag("site", site).tag("room", records[0]["rm"]).tag("point", name)
        point.time(round(records[0]["bt"] * 1000), MS)
        for record in records:
            point.field(record["n"], float(record["v"]))
        self._api.write(bucket=self._bucket, record=point, write_precision=MS)


class Bodies:
    """A line a pack, and a thread that sends what has gathered as one ready-made body."""

    def __init__(self, client: InfluxDBClient, bucket: str, tally: Tally) -> None:
        self._bucket = bucket
        self._tally = tally
        self._api = client.write_api(write_options=SYNCHRONOUS)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._send, daemon=True).start()

    def put(self, body: bytes | bytearray) -> None:
        """Take one pack."""
        records = json.loads(body)
        site, name, _ = records[0]["bn"].split("/")
        fields = ",".join([f"{record['n']}={float(record['v'])!r}" for record in records])
        time_ms = round(records[0]["bt"] * 1000)
        self._lines.put(f"air,site={site},room={records[0]['rm']},point={name} {fields} {time_ms}")

    def _send(self) -> None:
        while True:
            lines = [self._lines.get()]
            while len(lines) < BATCH and not self._lines.empty():
                lines.append(self._lines.get())
            body = "\n".join(lines).encode()
            self._api.write(bucket=self._bucket, record=body, write_precision=MS)
            self._tally.add(len(lines))


def _write_to_v1(client: InfluxDBClient) -> None:
    """Send to `/write?db=` what the client would send to `/api/v2/write?bucket=`, which InfluxDB 1.6 does not know."""
    api: Any = client.api_client
    call = api.call_api

    def call_v1(path: str, *arguments: Any, **words: Any) -> Any:
        path_parameters, query, *rest = arguments[1:]
        query = [("db" if name == "bucket" else name, value) for name, value in query if name != "org"]
        return call("/write" if path == "/api/v2/write" else path, arguments[0], path_parameters, query, *rest, **words)

    api.call_api = call_v1


def main(argv: list[str]) -> int:
    """Run until all is stored."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", type=int, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--write", choices=("points", "bodies"), required=True)
    parser.add_argument("--packs", type=int, required=True)
    parser.add_argument("--v1", action="store_true")
    options = parser.parse_args(argv)
    store = InfluxDBClient(url=options.url, token="", org="bench")
    if options.v1:
        _write_to_v1(store)
    tally = Tally(options.packs)
    sink = (Points if options.write == "points" else Bodies)(store, options.bucket, tally)
    client = Client(CallbackAPIVersion.VERSION2)

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        sink.put(message.payload)

    def on_subscribe(*_: object) -> None:
        _say("ready")

    client.on_message = on_message
    client.on_subscribe = on_subscribe
    client.connect(HOST, options.broker)
    client.subscribe("openhall/v1/+/+/+/readings", 1)
    threading.Thread(target=_tell, args=(tally, client), daemon=True).start()
    client.loop_forever()
    return 0


def _tell(tally: Tally, client: Client) -> None:
    """Say when all is stored, and wait to be measured."""
    tally.all_stored.wait()
    _say("stored")
    sys.stdin.read()
    client.disconnect()


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
