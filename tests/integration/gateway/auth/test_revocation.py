"""Credentials at the front door as the database has them: registered, then revoked while connected."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.auth.devices import DeviceAuthority
from gateway.auth.model import Violation, ViolationReason
from gateway.endpoint.options import EndpointOptions, Listener
from gateway.endpoint.server import Endpoint
from gateway.intake.model import PresenceCause
from gateway.mqtt.packets import ConnAck, Connect, ConnectCode, Publish
from registry.credentials import Credential
from registry.devices import DeviceDirectory, register_device, revoke_device
from registry.projection import CHENGDU
from runtime.clock import SimulatedClock
from runtime.pool import Connection
from tests.harness.doors import SECRET_KEY, START, Peer, RecordingIntake, until
from tests.harness.postgres import Database


class Gateway:
    def __init__(self) -> None:
        self.intake = RecordingIntake()
        self.directory = DeviceDirectory(CHENGDU)
        self.violations: list[Violation] = []
        self.endpoint = Endpoint(
            intake=self.intake,
            authority=DeviceAuthority(self.directory, SECRET_KEY),
            clock=SimulatedClock(START),
            on_violation=self.violations.append,
            options=EndpointOptions(listeners=(Listener(port=0),)),
        )
        self.directory.on_change(self.endpoint.refresh_device)

    @asynccontextmanager
    async def knock(self, credential: Credential) -> AsyncIterator[Peer]:
        peer = await Peer.open(self.endpoint.ports[0])
        password = credential.password.encode()
        peer.send(Connect(credential.client_id, 60, True, None, credential.user_name, password))
        try:
            yield peer
        finally:
            await peer.close()


@pytest.fixture
async def gateway(database: Database) -> AsyncIterator[Gateway]:
    gateway = Gateway()
    await gateway.endpoint.start()
    following = asyncio.create_task(gateway.directory.follow(database.app_dsn))
    try:
        yield gateway
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await gateway.endpoint.close()


async def registered(owner: Connection, gateway: Gateway) -> tuple[int, Credential]:
    await owner.execute(
        "INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ('test', 'city', '测试', 'Test', ARRAY['test'])"
    )
    device_id, credential = await register_device(
        owner, SECRET_KEY, product="waste_bin", name="bin-1", area_id="test", at=START
    )
    await until(lambda: gateway.directory.by_id(device_id) is not None)
    return device_id, credential


async def test_registered_device_connects_and_delivers_as_itself(gateway: Gateway, owner: Connection) -> None:
    device_id, credential = await registered(owner, gateway)

    async with gateway.knock(credential) as peer:
        await peer.expect(ConnAck(ConnectCode.ACCEPTED))
        peer.send(Publish(credential.publish[-1], b"{}", 1, packet_id=1))
        (delivery,) = await gateway.intake.received(1)

    assert delivery.device is not None
    assert delivery.device.id == device_id


async def test_revoked_device_is_closed_and_kept_out(gateway: Gateway, owner: Connection) -> None:
    device_id, credential = await registered(owner, gateway)
    async with gateway.knock(credential) as peer:
        await peer.expect(ConnAck(ConnectCode.ACCEPTED))

        await revoke_device(owner, device_id, START)

        await peer.expect_close()
    await gateway.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.REVOKED)
    async with gateway.knock(credential) as peer:
        await peer.expect_close(ConnAck(ConnectCode.NOT_AUTHORISED))
    assert [violation.reason for violation in gateway.violations] == [ViolationReason.DISABLED_DEVICE]
