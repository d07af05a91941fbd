"""Events inside the hub: what has happened, told to whoever listens.

An event is a frozen dataclass named in the past tense that carries the whole new value. It is
published after the commit, by the one function that changes that value.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

E = TypeVar("E")


class Events:
    """Passes each event to the listeners of its type, at once and in order."""

    def __init__(self) -> None:
        self._listeners: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)

    def listen(self, kind: type[E], listener: Callable[[E], None]) -> Callable[[], None]:
        """Call `listener` for every event of exactly this type; the result ends that."""
        self._listeners[kind].append(listener)
        return lambda: self._listeners[kind].remove(listener)

    def publish(self, event: object) -> None:
        """Tell all listeners. Never waits; a listener that fails does not stop the others."""
        for listener in tuple(self._listeners[type(event)]):
            try:
                listener(event)
            except Exception:  # one broken listener must not keep the news from the others
                log.exception("listener failed", kind=type(event).__name__)
