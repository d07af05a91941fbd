from scheduler.trust import ClockTrust, kernel_is_synchronised
from tests.fakes import FakeClock


def test_the_kernel_can_be_asked() -> None:
    assert kernel_is_synchronised() in {True, False}


def test_a_hub_that_never_ran_believes_its_clock() -> None:
    trust = ClockTrust(FakeClock(), lambda: False)
    assert trust.judge()


def test_a_minute_is_forgiven() -> None:
    clock = FakeClock()
    trust = ClockTrust(clock, lambda: False)
    trust.saw(clock.now())
    clock.jump(-60)
    assert trust.judge()
    clock.jump(-1)
    assert not trust.judge()


def test_the_latest_time_never_goes_back_by_itself() -> None:
    clock = FakeClock()
    trust = ClockTrust(clock, lambda: False)
    before = clock.now()
    trust.saw(before)
    clock.jump(-3600)
    trust.saw(clock.now())
    assert trust.latest() == before
