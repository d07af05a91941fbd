"""MQTT topics: which are safe to use, and who listens to which (MQTT 3.1.1, section 4.7)."""

from typing import Final, Generic, TypeVar

from hub.errors import InvalidInput

T = TypeVar("T")

_LIMIT_BYTES: Final = 1_000
_LEVEL_LIMIT: Final = 100
_REMEMBERED: Final = 10_000


def check_topic(topic: str) -> None:
    """Raise InvalidInput for a topic for which a broker may end the connection.

    Topics are built from what devices say about themselves, so this is asked of every one.
    """
    if not _is_plain(topic) or "+" in topic or "#" in topic or topic.startswith("$"):
        raise InvalidInput("This topic cannot be published to.", topic=topic[:80])


def check_filter(topic_filter: str) -> None:
    """Raise InvalidInput for a filter that a broker may refuse."""
    levels = topic_filter.split("/")
    wildcards_alone = all(len(each) == 1 or not {"+", "#"} & set(each) for each in levels)
    if not _is_plain(topic_filter) or not wildcards_alone or "#" in levels[:-1]:
        raise InvalidInput("This topic filter cannot be subscribed.", filter=topic_filter[:80])


def matches(pattern: list[str], levels: list[str]) -> bool:
    """Whether the levels of a topic match the levels of a filter."""
    if levels[0].startswith("$") and pattern[0] in {"+", "#"}:
        return False
    for position, part in enumerate(pattern):
        if part == "#":
            return True
        if position == len(levels) or part not in {"+", levels[position]}:
            return False
    return len(pattern) == len(levels)


class Routes(Generic[T]):
    """Who hears a topic: a listener stands once for each of its filters that match."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[T]] = {}
        self._patterns: list[tuple[list[str], list[T]]] = []
        # A village has few topics and hears them often.
        self._remembered: dict[str, tuple[T, ...]] = {}

    def filters(self) -> list[str]:
        """All filters, in the order in which they were added."""
        return list(self._listeners)

    def add(self, topic_filter: str, listener: T) -> None:
        """Let `listener` hear what matches the filter."""
        listeners = self._listeners.get(topic_filter)
        if listeners is None:
            listeners = self._listeners[topic_filter] = []
            if "+" in topic_filter or "#" in topic_filter:
                self._patterns.append((topic_filter.split("/"), listeners))
        listeners.append(listener)
        self._remembered.clear()

    def to(self, topic: str) -> tuple[T, ...]:
        """Return the listeners of a topic."""
        found = self._remembered.get(topic)
        if found is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            found = self._remembered[topic] = tuple(self._find(topic))
        return found

    def _find(self, topic: str) -> list[T]:
        # A topic cannot hold wildcards; one that does comes from a broken broker.
        found = [] if {"+", "#"} & set(topic) else list(self._listeners.get(topic, ()))
        levels = topic.split("/")
        for pattern, listeners in self._patterns:
            if matches(pattern, levels):
                found.extend(listeners)
        return found


def _is_plain(topic: str) -> bool:
    # Control characters and very deep topics make brokers end the connection.
    return (
        topic.isprintable()
        and 0 < len(topic.encode()) <= _LIMIT_BYTES
        and topic.count("/") < _LEVEL_LIMIT
    )
