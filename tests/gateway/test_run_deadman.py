"""The dead-man's ping through the whole program: a real second place, and a store that refuses."""

from pathlib import Path

from tests.gateway.alerts.test_deadman import Second, second
from tests.gateway.test_run import Program, region
from tests.servers import NatsServer, wait_until

__all__ = ["region", "second"]


def test_a_gateway_is_heard_only_while_its_store_takes_readings(
    tmp_path: Path, broker: NatsServer, region: str, second: Second
) -> None:
    """A folder stands where the store's file should be; once it is gone, the second place hears the gateway."""
    store = tmp_path / "readings"
    store.mkdir()
    more = f'[store]\nkind = "sqlite"\npath = "{store}"\n[alerts.deadman]\nurls = ["{second.url}"]\nperiod_s = 5\n'
    with Program(tmp_path, broker_port=broker.port, region=region, more=more) as gateway:
        wait_until(lambda: gateway.metric('openhall_deadman_pings_total{outcome="withheld"}') >= 1, within_s=40)
        assert second.paths == []
        store.rmdir()
        wait_until(lambda: second.paths != [], within_s=60)
        assert set(second.paths) == {"/ping/secret"}
        second.status = 500
        wait_until(lambda: "deadman" in gateway.ask("/readyz")[1]["parts"], within_s=40)
        status, body = gateway.ask("/readyz")
        assert (status, body["ready"]) == (200, True)
        (warning,) = body["warnings"]
        assert warning.startswith("the dead-man's ping does not reach 127.0.0.1:")
        assert "secret" not in warning + gateway.log
