"""`village-loudspeaker`: the command that a board runs."""

import argparse
import asyncio
import contextlib
import logging
import re
import signal
import sys
from pathlib import Path

import structlog

from agents.loudspeaker.agent import Agent, Identity
from agents.loudspeaker.link import Broker
from agents.loudspeaker.outputs import Output, output_named
from agents.loudspeaker.store import Store, StoreTakenError

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def main(arguments: list[str] | None = None) -> None:
    """Run the agent until SIGTERM or SIGINT; exit code 0 then."""
    options = _parser().parse_args(arguments)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        with Store(options.data) as store, contextlib.suppress(asyncio.CancelledError):
            asyncio.run(_serve(options, store))
    except StoreTakenError as error:
        sys.exit(f"village-loudspeaker: another agent already uses {error}")
    except OSError as error:
        sys.exit(f"village-loudspeaker: {error}")


async def _serve(options: argparse.Namespace, store: Store) -> None:
    password = _password(options.password_file)
    host, port = options.broker
    broker = Broker(host, port, options.username, password)
    agent = Agent(
        Identity(options.id, options.name or options.id),
        lambda: broker,
        options.output,
        store,
        volume_percent=options.volume,
    )
    task = asyncio.create_task(agent.run(), name="agent")
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, task.cancel)
    await task


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="village-loudspeaker",
        description="Loa của thôn, nghe lệnh từ trạm. / Plays the announcements of the hub.",
    )
    parser.add_argument("--id", type=_identifier, required=True, help="mã của loa / id in topics")
    parser.add_argument("--name", default="", help="tên loa / name shown to people")
    parser.add_argument("--broker", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--username", help="tên đăng nhập / user at the broker")
    parser.add_argument("--password-file", type=Path, help="tệp mật khẩu / file with the password")
    parser.add_argument(
        "--output",
        type=_output,
        default="alsa",
        help="alsa | alsa:DEVICE | wav:PATH | null (default alsa)",
    )
    parser.add_argument("--data", type=Path, required=True, help="thư mục dữ liệu / its folder")
    parser.add_argument("--volume", type=_percent, default=60, help="0-100 (default 60)")
    return parser


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text("utf-8").strip()


def _identifier(text: str) -> str:
    if not _ID.fullmatch(text):
        raise argparse.ArgumentTypeError("letters, digits, - and _ only, at most 64")
    return text


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise argparse.ArgumentTypeError("expected HOST:PORT, as in 192.168.1.10:1883")
    return host.strip("[]"), int(port)


def _output(text: str) -> Output:
    try:
        return output_named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _percent(text: str) -> int:
    if not text.isdecimal() or int(text) > 100:  # noqa: PLR2004  percent
        raise argparse.ArgumentTypeError("expected a whole number from 0 to 100")
    return int(text)
