"""The simulated platform as its own process: `python -m exporter.simulator --token-file FILE`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from exporter.simulator.fleets import demo_fleet, organizations_yaml, uniform_fleet
from exporter.simulator.scripts import SCRIPTS
from exporter.simulator.server import Simulator
from exporter.simulator.world import World


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code: 0 done, 1 cannot start (2 for usage is argparse's)."""
    options = _parser().parse_args(arguments)
    try:
        token = options.token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return _fail("--token-file: cannot be read; write the admin token into it, as one line of text")
    if not token:
        return _fail("--token-file: is empty; write the admin token into it")
    if options.script is None:
        fleet = demo_fleet(options.organizations, options.seed)
    else:
        fleet = uniform_fleet(options.organizations, options.script, seed=options.seed)
    try:
        if options.organizations_file is not None:
            options.organizations_file.write_text(organizations_yaml(fleet), encoding="utf-8")
    except OSError:
        return _fail("--organizations-file: cannot be written; choose a folder that exists and is yours")
    world = World(fleet, admin_token=token, speed=options.speed)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(world, *options.listen))
    except OSError:
        return _fail("--listen: this address cannot be listened on; choose another port, or 0 for a free one")
    return 0


async def _serve(world: World, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Simulator(world, host, port) as simulator:
        sys.stdout.write(f"listening on {simulator.url}\n")
        sys.stdout.flush()
        await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m exporter.simulator", description="A simulated MemberPulse.")
    parser.add_argument("--listen", metavar="HOST:PORT", type=_address, default=("127.0.0.1", 0), help="port 0: any")
    parser.add_argument("--organizations", metavar="N", type=_count, default=24, help="how many (default 24)")
    parser.add_argument("--script", choices=list(SCRIPTS), help="all live through this one (default: a mixed fleet)")
    parser.add_argument("--speed", metavar="N", type=_speed, default=60.0, help="minutes of life a minute (default 60)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="of names, tenant ids, offsets (default 1)")
    parser.add_argument("--token-file", metavar="FILE", type=Path, required=True, help="holds the admin token")
    parser.add_argument("--organizations-file", metavar="FILE", type=Path, help="where to write the fleet, as YAML")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= 65535):  # noqa: PLR2004 - TCP's last
        raise argparse.ArgumentTypeError("must be HOST:PORT, such as 127.0.0.1:0")
    return host.strip("[]"), int(port)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError("must be a number above 0")
    return speed


def _fail(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
