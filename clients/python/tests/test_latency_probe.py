"""`latency_probe`: both clients answer the gateway's probes by themselves."""
from __future__ import annotations

import asyncio
import unittest
import urllib.request
from typing import Any, Callable, List

from deltastream_socket_client import AsyncClient, Client, LatencyProbe
from deltastream_socket_client.options import handshake_auth, latency_echo
from deltastream_socket_client.testing import FakeGateway

from .processes import WithGateway, wait_for

#: A probe follows one message in 1,000 on average, and each round publishes as many.
ROUND = 250


class LatencyProbeTest(WithGateway):
    def answered(self) -> float:
        request = urllib.request.Request(f'{self.gateway.url}/metrics', headers={'Accept': 'text/plain'})
        with urllib.request.urlopen(request) as response:
            lines = response.read().decode().splitlines()
        name = 'socket_gateway_latency_echoes_total{result="answered"} '
        return float(next((line[len(name) :] for line in lines if line.startswith(name)), '0'))

    def publish(self, n: int) -> int:
        for _ in range(ROUND):
            n += 1
            self.gateway.price('PROBED', n)
        return n

    def publish_until(self, happened: Callable[[], Any]) -> None:
        n = 0

        def look() -> Any:
            nonlocal n
            if happened():
                return True
            n = self.publish(n)
            return False

        wait_for(look, 'no probe came', 60)

    def test_the_client_answers(self) -> None:
        before = self.answered()
        heard: List[LatencyProbe] = []
        silent: List[LatencyProbe] = []
        with Client().connect(self.gateway.url, latency_probe=True) as client, Client().connect(self.gateway.url) as other:
            client.on('latency_probe', heard.append)
            other.on('latency_probe', silent.append)
            self.publish_until(lambda: heard)
            wait_for(lambda: self.answered() >= before + len(heard))
            self.assertIsInstance(heard[0], LatencyProbe)
            self.assertEqual(silent, [])

    def test_the_asyncio_client_answers(self) -> None:
        before = self.answered()

        async def run() -> None:
            heard: List[LatencyProbe] = []
            async with AsyncClient() as client:
                await client.connect(self.gateway.url, latency_probe=True)
                client.on('latency_probe', heard.append)
                n = 0
                while not heard or self.answered() < before + len(heard):
                    n = await asyncio.to_thread(self.publish, n) if hasattr(asyncio, 'to_thread') else self.publish(n)
                    await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(run(), 60))


class OptionTest(unittest.TestCase):
    def test_the_handshake_asks_for_probes_only_with_the_option(self) -> None:
        self.assertNotIn('latency_probe', handshake_auth('token'))
        self.assertIs(handshake_auth('token', latency_probe=True)['latency_probe'], True)
        with self.assertRaisesRegex(TypeError, 'latency_probe must be True or False'):
            Client().connect('http://localhost:1', latency_probe='yes')  # type: ignore[arg-type]

    def test_a_malformed_probe_has_no_answer(self) -> None:
        self.assertEqual(latency_echo({'id': 'a', 'sent_at': 1}), {'id': 'a'})
        probes: List[Any] = [None, 'a', [], {}, {'id': None}, {'id': 7}]
        for malformed in probes:
            self.assertIsNone(latency_echo(malformed))

    def test_the_fake_gateway_takes_the_option(self) -> None:
        with FakeGateway() as gateway:
            client = gateway.connect(latency_probe=True)
            self.assertEqual(client.state, 'connected')


if __name__ == '__main__':
    unittest.main()
