"""The watchdog of a connection, with a clock that the test moves."""
from __future__ import annotations

import unittest
from typing import Any, Dict, List

from deltastream_socket_client.watchdog import HeartbeatRequest

from .fakes import World

BEAT: Dict[str, Any] = {'server_time': 0, 'feed': 'up', 'market': 'open', 'queue_ms': 0}


class WatchedWorld(World):
    def __init__(self, probes: bool = False) -> None:
        super().__init__()
        self.core.liveness.probes = probes
        self.connect(heartbeat_ms=1000)
        (request,) = self.questions()
        self.asked = request.payload
        self.core.answered(request, {'ok': True, 'rooms': ['heartbeat'], 'every_ms': 2000})

    def questions(self) -> List[HeartbeatRequest]:
        return [request for request in self.core.take_requests()[0] if isinstance(request, HeartbeatRequest)]

    def beat(self, **more: Any) -> None:
        self.core.receive('heartbeat', {**BEAT, **more})

    def answer(self, request: HeartbeatRequest) -> None:
        self.core.answered(request, {'ok': True, 'rooms': [], **BEAT})

    def pass_(self, seconds: float) -> List[HeartbeatRequest]:
        """Looks when the core says so, as a client does. Returns what it asks."""
        asked: List[HeartbeatRequest] = []
        until = self.now + seconds
        while not self.core.liveness.dead:
            asked += self.questions()
            later = self.core.take_requests()[1]
            if later is None or self.now + later > until:
                break
            self.now += later
        self.now = until
        return asked

    @property
    def dead(self) -> bool:
        self.questions()
        return self.core.liveness.dead


class TheWatchdog(unittest.TestCase):
    def test_asks_for_a_heartbeat_every_two_seconds(self) -> None:
        self.assertEqual(WatchedWorld().asked, {'type': 'heartbeat', 'every_ms': 2000})

    def test_does_nothing_if_the_gateway_has_no_heartbeats(self) -> None:
        world = World()
        world.connect()
        self.assertEqual(world.core.take_requests(), ([], None))
        self.assertEqual(world.core.health, 'unknown')

    def test_calls_a_connection_dead_after_29_tenths_of_a_second_of_silence(self) -> None:
        world = WatchedWorld()
        for _ in range(30):
            world.pass_(2)
            world.beat()
        world.pass_(2.85)
        self.assertFalse(world.dead)
        world.pass_(0.1)
        self.assertTrue(world.dead)
        world.core.lost()
        self.assertEqual(world.core.health, 'disconnected')
        self.assertFalse(world.core.liveness.dead)

    def test_counts_every_message_as_a_sign_of_life(self) -> None:
        world = WatchedWorld()
        for _ in range(10):
            world.pass_(2.5)
            world.core.receive('lagging', {'dropped': 1, 'since_ms': 1})
        self.assertFalse(world.dead)

    def test_does_not_call_a_connection_dead_after_the_machine_was_suspended(self) -> None:
        world = WatchedWorld()
        for _ in range(5):
            world.now += 3600
            self.assertFalse(world.dead)
            world.pass_(2.7)
            self.assertFalse(world.dead)
        world.pass_(0.3)
        self.assertTrue(world.dead)

    def test_tells_a_dead_feed_and_a_closed_market_from_a_dead_connection(self) -> None:
        world = WatchedWorld()
        world.beat()
        world.beat(market='closed')
        world.beat(market='closed', feed='down')
        world.beat()
        self.assertEqual(world.payloads('health'), ['unknown', 'live', 'market_closed', 'feed_down', 'live'])

    def test_passes_the_phase_of_a_market_on(self) -> None:
        world = WatchedWorld()
        world.core.receive('market_status', {'product': 'AAPL', 'status': 'halted', 'until': None})
        (status,) = world.payloads('market_status')
        self.assertEqual((status.product, status.status, status.until), ('AAPL', 'halted', None))

    def test_asks_if_a_request_remains_without_an_answer(self) -> None:
        world = WatchedWorld()
        world.subscribe('product', 'NIFTY')
        self.assertEqual(len(world.requests()), 1)
        self.assertEqual(world.pass_(1.2), [])
        (question,) = world.pass_(0.2)
        world.beat()
        world.answer(question)
        (question,) = world.pass_(1.4)
        self.assertFalse(world.dead)
        world.beat()
        world.pass_(1.5)
        self.assertTrue(world.dead)

    def test_asks_in_every_interval_on_request(self) -> None:
        world = WatchedWorld(probes=True)
        for _ in range(5):
            (question,) = world.pass_(0.1)
            world.answer(question)
            world.pass_(1.3)
        world.pass_(0.1)
        for _ in range(4):
            world.beat()
            world.pass_(0.4)
        self.assertTrue(world.dead)
