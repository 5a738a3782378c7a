"""`python -m simulators.load`: run the load generator in a process of its own and print its report as JSON."""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import uvloop

from simulators.credentials import CredentialsUnreadable, read_credentials, spread
from simulators.line import LineRefused
from simulators.load.generator import Generator, LoadReport, Plan
from simulators.load.ledger import Ledger


def main(arguments: list[str] | None = None) -> int:
    """0 if everything sent was acknowledged, 1 if not or if a device was refused, 2 for bad arguments."""
    given = _parser().parse_args(arguments)
    try:
        credentials = [
            credential
            for credential in read_credentials(given.credentials)
            if credential.device_type in {"waste_bin", "smart_security_camera", "access_gate"}
        ]
    except CredentialsUnreadable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    chosen = spread(credentials, given.connections)
    if not chosen:
        sys.stderr.write("no device of the credentials file can be loaded\n")
        return 2
    _allow_files(len(chosen) + 100)
    plan = Plan(
        host=given.host,
        port=given.port,
        rate=given.rate,
        duration_s=given.duration,
        drain_s=given.drain,
        window=given.window,
        seed=given.seed,
        sid=given.sid or int(time.time()),
        warm_up_s=given.warm_up,
    )

    async def run() -> LoadReport:
        with Ledger(given.ledger) as ledger:
            return await Generator(chosen, plan, ledger).run(given.connect_timeout)

    report = None
    try:
        report = uvloop.run(run())
    except* (LineRefused, TimeoutError) as failures:
        sys.stderr.write(f"not all devices connected: {failures.exceptions[0]!r}\n")
    if report is None:
        return 1
    sys.stdout.write(json.dumps({**report.as_json(), "sid": plan.sid}) + "\n")
    return 0 if report.unacked == 0 else 1


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators.load", description=__doc__)
    parser.add_argument("--credentials", type=Path, required=True, help="credentials.json of the devices")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--connections", type=int, default=None, help="use the first N devices (all)")
    parser.add_argument("--rate", type=float, default=1000.0, help="messages a second over all devices")
    parser.add_argument("--duration", type=float, default=10.0, help="seconds of sending")
    parser.add_argument("--warm-up", type=float, default=0.0, help="seconds at the start whose latency is not counted")
    parser.add_argument("--drain", type=float, default=30.0, help="seconds to wait for the last acknowledgements")
    parser.add_argument("--connect-timeout", type=float, default=60.0)
    parser.add_argument("--window", type=int, default=64, help="messages in flight a device")
    parser.add_argument("--ledger", type=Path, default=None, help="append each acknowledged (device, sid, seq) here")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sid", type=int, default=None, help="session number in the payloads (seconds since 1970)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
