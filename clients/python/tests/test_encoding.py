"""`encoding='msgpack'`, where the package msgpack is installed."""
from __future__ import annotations

import asyncio
import importlib.util
import unittest
from typing import Any, Dict, List
from unittest import mock

from deltastream_socket_client import AsyncClient, Client

from .processes import WithGateway, free_port, wait_for
from .test_async_client import until


class Arguments(unittest.TestCase):
    def test_an_unknown_encoding_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "'json' or 'msgpack', not 'xml'"):
            Client().connect(f'http://127.0.0.1:{free_port()}', encoding='xml')

    def test_without_the_package_msgpack_the_error_names_it(self) -> None:
        with mock.patch('importlib.util.find_spec', return_value=None):
            with self.assertRaisesRegex(ImportError, r'deltastream-socket-client\[msgpack\]'):
                Client().connect(f'http://127.0.0.1:{free_port()}', encoding='msgpack')


if importlib.util.find_spec('msgpack') is None:

    class Encodings(unittest.TestCase):
        @unittest.skip('msgpack is not installed')
        def test_msgpack_is_skipped_because_msgpack_is_not_installed(self) -> None:
            """The other class of this module has the tests."""

else:

    class Encodings(WithGateway):  # type: ignore[no-redef]
        def test_clients_of_both_encodings_get_equal_updates(self) -> None:
            self.gateway.price('BOTH', 1)
            self.gateway.chain('BOTH', 1)
            updates: Dict[str, List[Any]] = {}
            for encoding in ('json', 'msgpack'):
                with Client() as client:
                    client.connect(self.gateway.url, encoding=encoding)
                    handles: List[Any] = [client.subscribe('product', 'BOTH'), client.subscribe('chain', 'BOTH')]
                    wait_for(lambda: all(handle.latest for handle in handles))
                    updates[encoding] = [handle.latest for handle in handles]
                    self.assertIn('BOTH', client.products())
            self.assertEqual(updates['msgpack'], updates['json'])

        def test_the_asynchronous_client_too(self) -> None:
            async def run() -> None:
                async with AsyncClient() as client:
                    await client.connect(self.gateway.url, encoding='msgpack', transports=['polling'])
                    handle = await client.subscribe('product', 'LATER')
                    self.gateway.price('LATER', 7)
                    await until(lambda: handle.latest)
                    self.assertEqual(handle.latest.price, 7)  # type: ignore[union-attr]

            asyncio.run(run())
