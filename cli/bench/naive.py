"""The yardstick of the whole intake: what one writes on the first day, aiomqtt and one INSERT a message."""

import asyncio
import sys

import aiomqtt
import asyncpg
import orjson

from runtime import readiness


async def _serve(port: int, dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    await conn.execute("CREATE TABLE naive (topic text, received_at timestamptz DEFAULT clock_timestamp(), body jsonb)")
    async with aiomqtt.Client("127.0.0.1", port, identifier="naive") as client:
        await client.subscribe("/sys/+/+/thing/event/+/post", qos=1)
        readiness.announce()
        async for message in client.messages:
            body = orjson.loads(bytes(message.payload))
            await conn.execute(
                "INSERT INTO naive (topic, body) VALUES ($1, $2)", message.topic.value, orjson.dumps(body).decode()
            )


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
