"""The command line: run, check-config, sign-in-link, simulate."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from api.links import qr_for_terminal, sign_in_link
from hub.actors import HUB
from hub.app import logs
from hub.app.addresses import base_url, local_address, phone_address
from hub.clock import SystemClock
from hub.config import Settings, load
from hub.errors import ConfigError, HubError
from people.permissions import Role

if TYPE_CHECKING:
    from api.services import Services

_WRONG_CONFIG = 2
_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        code: int = asked.do(asked)
    except ConfigError as error:
        print(error.detail, file=sys.stderr)
        return _WRONG_CONFIG
    except HubError as error:
        print(error.detail, file=sys.stderr)
        return _FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="village-hub", description="Bộ điều khiển của thôn. / The hub of a village."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="chạy / run the hub")
    run.set_defaults(do=_run)
    check = commands.add_parser("check-config", help="kiểm tra cấu hình / check a configuration")
    check.set_defaults(do=_check_config)
    link = commands.add_parser("sign-in-link", help="tạo đường dẫn đăng nhập / make a sign-in link")
    link.add_argument("--role", choices=[role.value for role in Role], default=Role.HEAD.value)
    link.set_defaults(do=_sign_in_link)
    simulate = commands.add_parser("simulate", help="thôn giả lập / a simulated village")
    simulate.set_defaults(do=_simulate)
    for command in (run, link, simulate):
        command.add_argument("--config", metavar="FILE", type=Path, required=True)
    check.add_argument("config", metavar="FILE", type=Path)
    return parser


def _run(asked: argparse.Namespace) -> NoReturn:
    # Imported here: the other commands need none of it and answer at once.
    import uvloop  # noqa: PLC0415

    from hub.app.main import run  # noqa: PLC0415

    logs.configure()
    settings = load(asked.config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, asked.config, greet))
    # All is closed. Taking the interpreter apart object by object would take longer than that did
    # (0.4 s here, two seconds on a Pi), and the power may be about to go.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _check_config(asked: argparse.Namespace) -> int:
    settings = load(asked.config)
    begin = settings.begin
    print(
        f"{asked.config}: đúng / correct. {settings.village.name}: {len(begin.zones)} zones, "
        f"{len(begin.devices)} devices, {len(begin.cameras)} cameras, "
        f"{len(begin.schedules)} schedules."
    )
    return 0


def _sign_in_link(asked: argparse.Namespace) -> int:
    from people.console import write_code  # noqa: PLC0415  as above

    settings = load(asked.config)
    now = SystemClock(settings.village.zone).now()
    code = asyncio.run(write_code(settings.database_url, Role(asked.role), now))
    _show_link(settings, code.secret)
    return 0


def _simulate(asked: argparse.Namespace) -> NoReturn:
    """Become the simulator: a program of its own, which imports nothing of the hub."""
    load(asked.config)
    config = str(asked.config)
    os.execv(sys.executable, [sys.executable, "-m", "simulator", "--config", config])  # noqa: S606


async def greet(services: "Services") -> None:
    """Say where the page is, and how the head signs in while there is no head yet."""
    server = services.settings.server
    phones = phone_address(server)
    print(f"\n{services.settings.village.name} · Village Hub {services.version}")
    print(f"  Trên máy này / on this computer:  {local_address(server)}")
    if phones is not None:
        print(f"  Trên điện thoại / on phones:      {phones}")
    print("  Dừng / stop: Ctrl-C", flush=True)
    # Journals keep what is printed: a secret goes there only when nobody could sign in otherwise.
    if sys.stdout.isatty() or not services.people.has_head():
        code = await services.people.make_code(Role.HEAD, HUB)
        _show_link(services.settings, code.secret)
    else:
        print("  Đường dẫn đăng nhập mới / new sign-in link: village-hub sign-in-link", flush=True)


def _show_link(settings: Settings, secret: str) -> None:
    link = sign_in_link(base_url(settings.server), secret)
    print("\n  Đăng nhập (dùng một lần) / sign in (works once):")
    print(f"  {link}\n")
    print(qr_for_terminal(link), flush=True)


if __name__ == "__main__":
    sys.exit(main())
