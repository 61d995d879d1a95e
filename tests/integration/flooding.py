"""A flood of callers for one agent's sync port, from many addresses of one host.

As a program: `flooding.py handshakes|idle TARGET PORT SECONDS PER_SECOND SOURCE...` does it and
prints what came of it as JSON. `handshakes`: each caller says as much of a handshake as somebody
can who has no key, so that the agent does its part, and hangs up once it has answered. `idle`: that
many links are open all the time, and nothing is said on them; whoever is hung up on calls again.
"""

import asyncio
import collections
import json
import os
import sys
import time

OFFER = b"LNYD\0\1\0\1"
ANSWERED_BYTES = 8 + 2 + 32 + 48 + 101 + 16
GIVE_UP_S = 5


async def shake_hands(target, source, counts):
    counts["calls"] += 1
    try:
        reader, writer = await asyncio.open_connection(*target, local_addr=(source, 0))
    except OSError:
        counts["not connected"] += 1
        return
    try:
        # 32 random bytes are somebody's key as good as any.
        writer.write(OFFER + b"\0\x20" + os.urandom(32))
        await asyncio.wait_for(reader.readexactly(ANSWERED_BYTES), GIVE_UP_S)
        counts["answered"] += 1
    except (OSError, asyncio.IncompleteReadError):
        counts["refused"] += 1
    except asyncio.TimeoutError:
        counts["too slow"] += 1
    finally:
        writer.transport.abort()


async def flood_handshakes(target, seconds, per_second, sources, counts):
    begin, under_way, started = time.monotonic(), set(), 0
    while (now := time.monotonic() - begin) < seconds:
        while started < now * per_second and len(under_way) < 256:
            task = asyncio.create_task(
                shake_hands(target, sources[started % len(sources)], counts))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            started += 1
        await asyncio.sleep(0.001)
    await asyncio.gather(*under_way)


async def stay(target, source, until, counts):
    while time.monotonic() < until:
        counts["calls"] += 1
        try:
            reader, writer = await asyncio.open_connection(*target, local_addr=(source, 0))
        except OSError:
            await asyncio.sleep(1)
            continue
        counts["open"] += 1
        counts["open at most"] = max(counts["open at most"], counts["open"])
        try:
            await asyncio.wait_for(reader.read(), max(until - time.monotonic(), 0))
        except (OSError, asyncio.TimeoutError):
            pass
        else:
            counts["hung up on"] += 1
        counts["open"] -= 1
        writer.transport.abort()
        await asyncio.sleep(1)  # five hundred calls a second, and hardly any that stays


async def main(what, host, port, seconds, per_second, *sources):
    counts, target = collections.Counter(), (host, int(port))
    if what == "handshakes":
        await flood_handshakes(target, float(seconds), float(per_second), sources, counts)
    else:
        until = time.monotonic() + float(seconds)
        await asyncio.gather(*[stay(target, sources[i % len(sources)], until, counts)
                               for i in range(int(per_second))])
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
