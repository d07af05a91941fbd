import pytest

from people.permissions import PERMITTED, Role, Verb, may

RESIDENT_MAY = {
    Verb.SESSION_OWN,
    Verb.EVENTS_FOLLOW,
    Verb.ZONES_SEE,
    Verb.ANNOUNCEMENTS_SEE,
    Verb.CAMERAS_WATCH,
}


def test_every_verb_stands_in_the_table() -> None:
    assert set(PERMITTED) == set(Verb)


def test_the_head_may_do_everything() -> None:
    assert all(may(Role.HEAD, verb) for verb in Verb)


@pytest.mark.parametrize("verb", Verb)
def test_a_resident_sees_and_hears_and_does_nothing_else(verb: Verb) -> None:
    assert may(Role.RESIDENT, verb) is (verb in RESIDENT_MAY)


def test_what_does_not_stand_in_the_table_is_denied() -> None:
    assert not may(Role.HEAD, "village.sell")  # type: ignore[arg-type]


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PERMITTED[Verb.CAMERAS_CHANGE] = frozenset(Role)  # type: ignore[index]
