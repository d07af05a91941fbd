import pytest

from hub.errors import InvalidInput
from hub.topics import Routes, check_filter, check_topic, matches


@pytest.mark.parametrize(
    ("topic_filter", "topic"),
    [
        ("stat/lamp/POWER", "stat/lamp/POWER"),
        ("stat/+/POWER", "stat/lamp/POWER"),
        ("stat/#", "stat/lamp/POWER"),
        ("stat/#", "stat"),
        ("#", "stat/lamp"),
        ("+/+", "/lamp"),
        ("+", "stat"),
        ("stat//POWER", "stat//POWER"),
        ("stat/+/POWER", "stat//POWER"),
        ("$SYS/#", "$SYS/broker/version"),
        ("Ngõ 1/+", "Ngõ 1/đèn"),
    ],
)
def test_a_filter_matches(topic_filter: str, topic: str) -> None:
    assert matches(topic_filter.split("/"), topic.split("/"))


@pytest.mark.parametrize(
    ("topic_filter", "topic"),
    [
        ("stat/+/POWER", "stat/a/b/POWER"),
        ("stat/+", "stat"),
        ("stat/+", "stat/a/b"),
        ("stat/lamp", "stat/lamp/POWER"),
        ("stat/lamp/POWER", "stat/lamp"),
        ("Stat/lamp", "stat/lamp"),
        ("#", "$SYS/broker/version"),
        ("+/broker", "$SYS/broker"),
    ],
)
def test_a_filter_does_not_match(topic_filter: str, topic: str) -> None:
    assert not matches(topic_filter.split("/"), topic.split("/"))


@pytest.mark.parametrize(
    "topic", ["stat/lamp/POWER", "a", "/", "zigbee2mqtt/Đèn cổng làng/set", "a b/c"]
)
def test_a_plain_topic_may_be_published_to(topic: str) -> None:
    check_topic(topic)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "cmnd/+/POWER",
        "cmnd/#",
        "$SYS/x",
        "a\x00b",
        "a\nb",
        "a\x7f",
        "\ud800",
        "\ufdd0",
        "a" * 1001,
        "/" * 200,
    ],
)
def test_a_topic_for_which_a_broker_would_hang_up_is_refused(topic: str) -> None:
    with pytest.raises(InvalidInput):
        check_topic(topic)


@pytest.mark.parametrize("topic_filter", ["stat/+/POWER", "#", "+", "stat/#", "$SYS/#", "a/b"])
def test_a_proper_filter_may_be_subscribed(topic_filter: str) -> None:
    check_filter(topic_filter)


@pytest.mark.parametrize(
    "topic_filter", ["", "stat/#/POWER", "stat/a+", "stat#", "a\x00", "\ud800/#", "+/" * 150]
)
def test_a_filter_that_a_broker_would_refuse_is_refused(topic_filter: str) -> None:
    with pytest.raises(InvalidInput):
        check_filter(topic_filter)


def test_each_listener_stands_once_for_each_of_its_filters() -> None:
    routes: Routes[str] = Routes()
    routes.add("stat/lamp/POWER", "exact")
    routes.add("stat/#", "wide")
    routes.add("stat/+/POWER", "exact")
    routes.add("tele/#", "other")
    assert routes.to("stat/lamp/POWER") == ("exact", "wide", "exact")
    assert routes.to("cmnd/lamp/POWER") == ()


def test_a_listener_that_comes_later_hears_a_topic_that_was_heard_before() -> None:
    routes: Routes[str] = Routes()
    routes.add("stat/#", "first")
    assert routes.to("stat/lamp") == ("first",)
    routes.add("stat/lamp", "second")
    assert routes.to("stat/lamp") == ("second", "first")


def test_a_topic_that_holds_a_wildcard_reaches_nobody_who_asked_for_that_wildcard() -> None:
    routes: Routes[str] = Routes()
    routes.add("stat/+", "listener")
    assert routes.to("tele/+") == ()
    assert routes.to("stat/+") == ("listener",)


def test_a_flood_of_new_topics_does_not_fill_the_memory() -> None:
    routes: Routes[str] = Routes()
    routes.add("stat/#", "listener")
    for number in range(30_000):
        assert routes.to(f"stat/{number}") == ("listener",)
    assert len(routes._remembered) <= 10_000
