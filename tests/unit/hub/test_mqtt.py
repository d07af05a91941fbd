import pytest

from hub.errors import BrokerDown, InvalidInput
from hub.events import Events
from hub.mqtt import PAYLOAD_LIMIT_BYTES, BrokerAddress, Mqtt, Publish
from tests.fakes import FakeClock

ADDRESS = BrokerAddress("127.0.0.1", 1, "hub", "a secret")


@pytest.fixture
def mqtt() -> Mqtt:
    return Mqtt(Events(), FakeClock(), ADDRESS)


def test_nothing_can_be_published_without_a_connection(mqtt: Mqtt) -> None:
    assert not mqtt.connected
    with pytest.raises(BrokerDown):
        mqtt.publish(Publish("cmnd/lamp/POWER", b"ON"))


@pytest.mark.parametrize("topic", ["cmnd/+/POWER", "", "cmnd/lamp\x00/POWER"])
def test_a_topic_that_would_end_the_connection_is_refused(mqtt: Mqtt, topic: str) -> None:
    with pytest.raises(InvalidInput):
        mqtt.publish(Publish(topic, b"ON"))
    with pytest.raises(InvalidInput):
        mqtt.listen(topic.replace("+", "a+"), print)


def test_a_payload_that_would_end_the_connection_is_refused(mqtt: Mqtt) -> None:
    with pytest.raises(InvalidInput):
        mqtt.publish(Publish("cmnd/lamp/POWER", bytes(PAYLOAD_LIMIT_BYTES + 1)))


def test_the_password_shows_in_no_representation() -> None:
    assert "secret" not in repr(ADDRESS)
