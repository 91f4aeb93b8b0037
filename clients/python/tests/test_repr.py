"""How a client and a subscription show themselves, for example in a notebook or a debugger."""
from __future__ import annotations

import threading
import unittest
from typing import Tuple, Union

from deltastream_socket_client import AsyncClient, Client
from deltastream_socket_client.base_client import BaseClient
from deltastream_socket_client.options import Options

from .fakes import LIMITS
from .processes import free_port, wait_for

WELCOME = {
    'message': '',
    'client_id': 'c',
    'replica': 'r',
    'rooms': ['general'],
    'server_time': 0,
    'user': None,
    'limits': LIMITS,
}


class Repr(unittest.TestCase):
    def test_a_new_client_names_its_class_and_state(self) -> None:
        self.assertEqual([repr(Client()), repr(AsyncClient())], ['<Client closed>', '<AsyncClient closed>'])

    def test_a_client_shows_its_address_without_secrets_its_state_and_its_rooms(self) -> None:
        clients: Tuple[Union[Client, AsyncClient], ...] = (Client(), AsyncClient())
        for client in clients:
            client._adopt(Options('https://me:hunter2@gateway.example.com/ws?key=hunter2#hunter2'), True)
            kind = type(client).__name__
            address = f'<{kind} https://gateway.example.com/ws'
            self.assertEqual(repr(client), f'{address}, connecting, waiting for general>')
            held = client.subscribe('product', 'NIFTY')
            client._core.receive('connected', WELCOME)
            self.assertEqual(repr(client), f'{address}, connected, in general, waiting for product:NIFTY>')
            (request,), _ = client._core.take_requests()
            client._core.answered(request, {'ok': True, 'rooms': ['product:NIFTY']})
            self.assertEqual(repr(client), f'{address}, connected, in general product:NIFTY>')
            held.unsubscribe()
            client._give_up(None)
            self.assertEqual(repr(client), f'{address}, closed>')

    def test_of_thousands_of_rooms_the_first_are_shown(self) -> None:
        client = Client()
        held = client.subscribe('product', [f'P{n}' for n in range(2000)])
        client._adopt(Options('http://localhost:8002'), True)
        shown = 'product:P0 product:P1 product:P2 product:P3'
        self.assertEqual(repr(client), f'<Client http://localhost:8002, connecting, waiting for general {shown} and 1996 more>')
        self.assertEqual(repr(held), f'<Subscription {shown} product:P4 and 1995 more, not confirmed, stale>')

    def test_a_failed_client_shows_why(self) -> None:
        client = Client()
        with self.assertLogs('deltastream_socket_client', 'ERROR'):
            client._fail(OSError('on purpose'))
        self.assertEqual(repr(client), '<Client closed, because of ClientFailed>')

    def test_it_does_not_wait_for_the_lock_of_a_client(self) -> None:
        client = Client()
        shown = []
        with client._monitor:
            thread = threading.Thread(target=lambda: shown.append(repr(client)), daemon=True)
            thread.start()
            wait_for(lambda: shown, 'repr waits for the lock')
        thread.join()

    def test_a_subscription_shows_its_rooms_and_whether_it_is_confirmed_and_stale(self) -> None:
        client = AsyncClient()
        client._adopt(Options(f'http://127.0.0.1:{free_port()}'), False)
        held = client.subscribe('product', 'NIFTY')
        self.assertEqual(repr(held), '<AsyncSubscription product:NIFTY, not confirmed, stale>')
        client._core.receive('connected', WELCOME)
        leave, join = client._core.take_requests()[0]
        client._core.answered(join, {'ok': True, 'rooms': ['product:NIFTY']})
        self.assertEqual(repr(held), '<AsyncSubscription product:NIFTY, confirmed>')
        held.unsubscribe()
        self.assertEqual(repr(held), '<AsyncSubscription product:NIFTY, ended, stale>')

    def test_the_shared_base_has_one_too(self) -> None:
        self.assertEqual(repr(BaseClient()), '<BaseClient closed>')
