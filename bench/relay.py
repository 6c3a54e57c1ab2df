"""TLS in front of the simulated platform, as a proxy does: ``python -m bench.relay --to PORT --certificate FILE``."""

from __future__ import annotations

import argparse
import asyncio
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvloop

BYTES: Final = 64 * 1024


def certificate(path: Path) -> Path:
    """Makes a certificate for 127.0.0.1 that signs itself, with its key in the same file; needs the openssl program."""
    made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=bench")
    # Python 3.13 is strict about what an issuer must say of itself.
    said = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "keyUsage=critical,digitalSignature,keyCertSign")
    files = ("-keyout", str(path), "-out", str(path.with_suffix(".crt")))
    subprocess.run(("openssl", "req", "-x509", *made, *said, *files), check=True, capture_output=True)
    with path.open("a", encoding="utf-8") as both:
        both.write(path.with_suffix(".crt").read_text(encoding="utf-8"))
    return path


async def relay(to: int, context: ssl.SSLContext) -> None:
    """Serves until it is ended."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(passed_on(reader, onward_writer), passed_on(onward_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    print(f"listening on https://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends on whatever comes, until its side ends."""
    with suppress(OSError):
        while data := await reader.read(BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


def main() -> None:
    """Relays."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay", description="TLS in front of the simulator")
    parser.add_argument("--to", type=int, required=True, help="port on 127.0.0.1 that speaks plain HTTP")
    parser.add_argument("--certificate", type=Path, required=True, help="PEM with key and certificate")
    options = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(relay(options.to, context))


if __name__ == "__main__":
    main()
