"""The program: read config.yaml, wait for the hub's broker, and be a village until SIGTERM."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog

from agents.loudspeaker.link import Broker
from simulator.control import obey_standard_input
from simulator.settings import SettingsError, read_credentials, read_village
from simulator.village import LiveVillage

GRACE_S = 0.6
BROKER_RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """How the village behaves; `broker` None: as the hub has written it down for devices."""

    new_light_after_s: float = 20.0
    lights: int = 0
    connections: int = 10
    tele_period_s: float | None = None
    broker: Broker | None = None


def main(config_path: Path, options: Options | None = None) -> None:
    """Be the village of `config_path` until SIGTERM or SIGINT, then end within a second."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        asyncio.run(_simulate(config_path, options or Options()))
    except* asyncio.CancelledError:
        pass
    except* OSError as group:
        # most often the port of a camera, taken by a simulator that still runs
        sys.exit(f"simulator: {group.exceptions[0]}")


async def _simulate(config_path: Path, options: Options) -> None:
    settings = read_village(config_path)

    def broker() -> Broker:
        return options.broker or read_credentials(settings.data)

    village = LiveVillage(
        settings,
        broker,
        new_light_after_s=options.new_light_after_s,
        tele_period_s=options.tele_period_s,
    )
    _end_on_signal()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(village.run(), name="village")
        tasks.create_task(obey_standard_input(village), name="control")
        if options.lights:
            tasks.create_task(_add_lights(village, options), name="many lights")


async def _add_lights(village: LiveVillage, options: Options) -> None:
    while True:
        try:
            await village.lights(options.lights, options.connections)
        except (OSError, ValueError, KeyError):
            await asyncio.sleep(BROKER_RETRY_S)  # the hub has no broker yet
        else:
            return


def _end_on_signal() -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def end() -> None:
        # A thread that still tries to reach a broker must not hold the end up.
        hard = threading.Timer(GRACE_S, os._exit, (0,))
        hard.daemon = True
        hard.start()
        if task is not None:
            task.cancel()

    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, end)


def run_from_arguments(arguments: list[str] | None = None) -> None:
    """`python -m simulator`."""
    parser = argparse.ArgumentParser(
        prog="simulator", description="Thôn giả để thử. / A make-believe village to try the hub on."
    )
    parser.add_argument("--config", type=Path, required=True, help="config.yaml")
    parser.add_argument("--new-light-after", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--lights", type=int, default=0, help="as many more lights, for load")
    parser.add_argument("--connections", type=int, default=10, help="connections for --lights")
    parser.add_argument("--tele-period", type=float, metavar="SECONDS")
    parser.add_argument("--broker", metavar="HOST:PORT", help="instead of the hub's own")
    given = parser.parse_args(arguments)
    options = Options(
        new_light_after_s=given.new_light_after,
        lights=given.lights,
        connections=given.connections,
        tele_period_s=given.tele_period,
        broker=_broker(given.broker),
    )
    try:
        main(given.config, options)
    except SettingsError as error:
        parser.exit(2, f"simulator: {error}\n")


def _broker(text: str | None) -> Broker | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    return Broker(host, int(port))
