"""Sending without haste: questions in batches, targets so that a circuit does not inrush at once.

A person's own command never goes this way.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from devices.entry import Entry
from hub.clock import Clock

ASK_GROUP: Final = 50
ASK_GAP_S: Final = 0.05
TARGET_GROUP: Final = 10
TARGET_GAP_S: Final = 0.15


class Lane:
    """Devices that wait for their turn; each once."""

    def __init__(self, send: Callable[[Entry], None], group: int, gap_s: float) -> None:
        self._send = send
        self._group = group
        self._gap_s = gap_s
        self._waiting: dict[str, Entry] = {}
        self._filled = asyncio.Event()

    def add(self, entry: Entry) -> None:
        """At the end of the queue, unless it already waits."""
        self._waiting.setdefault(entry.id, entry)
        self._filled.set()

    def clear(self) -> None:
        """The broker is gone: all is asked again when it is back."""
        self._waiting.clear()

    async def run(self, clock: Clock) -> None:
        """Send a group, pause, and so on."""
        while True:
            await self._filled.wait()
            for device_id in list(self._waiting)[: self._group]:
                self._send(self._waiting.pop(device_id))
            if not self._waiting:
                self._filled.clear()
            await clock.sleep(self._gap_s)
