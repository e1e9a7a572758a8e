"""Ask the health page of an engine of ours: over a plain socket, which needs no room in the client's pool."""

import asyncio
import contextlib

_TIMEOUT = 30.0


async def healthy(port: int) -> bool:
    """Tell whether the engine on this port of 127.0.0.1 calls itself sound."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_TIMEOUT):
            return await _status(port) == 200
    return False


async def _status(port: int) -> int | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        await writer.drain()
        parts = (await reader.readline()).split()
        return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else None
    finally:
        writer.close()
