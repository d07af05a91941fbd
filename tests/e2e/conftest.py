"""The village that phones see: the hub, the simulated village, a real camera server, Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e import phones
from tests.e2e.phones import Village
from tests.rtsp_origin import RtspOrigin
from tests.villages import Hub, Simulator, free_port, running, sample_config


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


# Not for the session: while it lives it holds the thread's event loop, and no asyncio test can run.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running_playwright:
        yield running_playwright


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    with phones.browser(playwright) as browser:
        yield browser


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """The sample village; its first camera is a real RTSP server."""
    folder = tmp_path_factory.mktemp("village")
    with RtspOrigin() as origin:
        config = sample_config(folder, server={"host": "0.0.0.0", "port": free_port()})
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
        simulated = folder / "simulated.yaml"
        others = content["begin"]["cameras"][1:]
        simulated.write_text(
            yaml.safe_dump({**content, "begin": {**content["begin"], "cameras": others}}),
            encoding="utf-8",
        )
        content["begin"]["cameras"][0]["url"] = origin.url
        config.write_text(yaml.safe_dump(content), encoding="utf-8")
        hub = Hub(config)
        simulator = Simulator(simulated, "--new-light-after", "4")
        with running(hub, simulator):
            yield Village(hub.wait_ready(), simulator, origin)
