"""Orders on their way out."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from devices.driver import AskState, Order, Switch, UnsupportedOrderError
from devices.entry import Entry
from devices.models import Target
from devices.targets import met
from hub.clock import Clock
from hub.errors import BrokerDown, InvalidInput, NoAnswer
from hub.ids import new_id
from hub.mqtt import Mqtt

# An agent that hears an order later than this refuses it.
VALID_FOR: Final = timedelta(seconds=30)
# An answer within this time is one to the hub, not a hand on the switch.
ANSWERS_FOR_S: Final = 10.0


class Sender:
    """Has orders encoded by the driver, and publishes them."""

    def __init__(self, mqtt: Mqtt, clock: Clock) -> None:
        self._mqtt = mqtt
        self._clock = clock

    def send_target(
        self,
        entry: Entry,
        target: Target,
        order_id: str,
        acknowledged: Callable[[], None] | None = None,
    ) -> None:
        """Raises BrokerDown."""
        now = self._clock.now()
        minutes = None
        if target.until is not None and target.on:
            minutes = max(1, -int((now - target.until).total_seconds() // 60))
        order = Switch(order_id, target.on, now + VALID_FOR, target.level, minutes)
        self.send(entry, order, acknowledged)
        entry.awaiting_until = self._clock.monotonic() + ANSWERS_FOR_S

    def send(
        self, entry: Entry, order: Order, acknowledged: Callable[[], None] | None = None
    ) -> None:
        """Raises BrokerDown, InvalidInput, or NoAnswer for a device that was never heard."""
        if entry.box is None:
            detail = "This device was never heard: switch it on, and look at its connection"
            raise NoAnswer(detail, device=entry.id)
        try:
            *first, last = entry.box.encode(entry.channel, order)
        except UnsupportedOrderError:
            detail = "This kind of device cannot do that: choose another device"
            raise InvalidInput(detail, device=entry.id, kind=entry.kind) from None
        for publish in first:
            self._mqtt.publish(publish)
        self._mqtt.publish(last, acknowledged)

    def follow(self, entry: Entry) -> None:
        """Send the target again to a device that does something else; silent while it cannot."""
        target = entry.target
        if target is None or entry.wait is not None or entry.box is None:
            return
        if not met(target, entry.on, entry.level):
            with contextlib.suppress(BrokerDown):  # all is asked again when the broker is back
                self.send_target(entry, target, new_id())

    def ask(self, entry: Entry) -> None:
        """Ask a device for its state; silent while it cannot."""
        if entry.box is None:
            return
        entry.asked_at = self._clock.monotonic()
        order = AskState(new_id(), self._clock.now() + VALID_FOR)
        with contextlib.suppress(BrokerDown):  # all is asked again when the broker is back
            for publish in entry.box.query(entry.channel, order):
                self._mqtt.publish(publish)
