"""A Tasmota box on the wire: its connection, its clock, and its misbehaviour on request."""

import asyncio
from collections.abc import Callable

import aiomqtt

from agents.loudspeaker.link import Broker, Link, Note, Role
from simulator.tasmota import Relays, Said

DISCOVERY_AFTER_S = 1.0
"""A real box waits about 10 s; nobody wants to wait that long for a demonstration."""

WATTS_AFTER_S = 2.0
LONGEST_PAUSE_S = 0.5


class RelayBox:
    """One box: `run` is the time during which it has power."""

    def __init__(self, relays: Relays, broker: Callable[[], Broker]) -> None:
        self.relays = relays
        self.late_s = 0.0
        self._booted = True
        self._discover = asyncio.Event()
        self._weigh = asyncio.Event()
        self.link = Link(self._role(), broker, longest_pause_s=LONGEST_PAUSE_S)

    async def run(self) -> None:
        """Have power until cancelled."""
        self._booted = True
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run(), name=f"link {self.relays.mac}")
            tasks.create_task(self._introduce(), name=f"discovery {self.relays.mac}")
            tasks.create_task(self._report(), name=f"tele {self.relays.mac}")

    def press(self, channel: int) -> None:
        """A hand at the pole."""
        self._say(self.relays.press(channel))
        self._weigh.set()

    def _role(self) -> Role:
        return Role(
            identifier=f"DVES_{self.relays.mac[-6:]}",
            will=_note(self.relays.will),
            subscriptions=(self.relays.subscription,),
            greeting=self._greeting,
            received=self._received,
        )

    def _greeting(self) -> list[Note]:
        said = self.relays.greeting(booted=self._booted)
        self._booted = False
        self._discover.set()
        return [_note(message) for message in said]

    def _received(self, message: aiomqtt.Message) -> None:
        command = message.topic.value.rpartition("/")[2]
        # What the box published to its own command topic comes back to it after a reconnect.
        replies = self.relays.obey(command, message.payload)
        if self.late_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self.late_s, self._say, replies)
        else:
            self._say(replies)
        if message.payload:
            self._weigh.set()

    def _say(self, said: list[Said]) -> None:
        for message in said:
            self.link.send(_note(message))

    async def _introduce(self) -> None:
        while True:
            await self._discover.wait()
            self._discover.clear()
            await asyncio.sleep(DISCOVERY_AFTER_S)
            self._say(self.relays.discovery())

    async def _report(self) -> None:
        """STATE and SENSOR every TelePeriod, and SENSOR soon after a switch (PowerDelta)."""
        spread_s = int(self.relays.mac[-2:], 16) % int(self.relays.tele_period_s)
        next_s = spread_s or self.relays.tele_period_s
        while True:
            switched = await self._switched_within(next_s)
            self.relays.burn(WATTS_AFTER_S if switched else next_s)
            next_s = self.relays.tele_period_s
            if not self.relays.silent:
                self._say([self.relays.sensor()] if switched else self._tele())

    async def _switched_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._weigh.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(WATTS_AFTER_S)
        self._weigh.clear()
        return True

    def _tele(self) -> list[Said]:
        return [self.relays.state(), self.relays.sensor()]


def _note(said: Said) -> Note:
    # QoS 0, as a real box publishes
    return Note(said.topic, said.payload, retain=said.retain, qos=0)
