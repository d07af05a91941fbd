"""Events inside the hub."""

from dataclasses import dataclass

from hub.events import Events


@dataclass(frozen=True)
class LampLit:
    name: str


@dataclass(frozen=True)
class LampBroken:
    name: str


def test_a_listener_hears_its_own_kind_in_order() -> None:
    events, heard = Events(), []
    events.listen(LampLit, lambda event: heard.append(event.name))
    for event in (LampLit("a"), LampBroken("b"), LampLit("c")):
        events.publish(event)
    assert heard == ["a", "c"]


def test_a_listener_that_fails_does_not_stop_the_others() -> None:
    events, heard = Events(), []

    def fail(_event: LampLit) -> None:
        raise RuntimeError

    events.listen(LampLit, fail)
    events.listen(LampLit, lambda event: heard.append(event.name))
    events.publish(LampLit("a"))
    assert heard == ["a"]


def test_one_who_stopped_listening_hears_no_more() -> None:
    events, heard = Events(), []
    unlisten = events.listen(LampLit, lambda event: heard.append(event.name))
    unlisten()
    events.publish(LampLit("a"))
    assert heard == []
