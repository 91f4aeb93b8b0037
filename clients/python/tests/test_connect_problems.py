"""What the clients say if an address is wrong, or if what is behind it is no gateway."""
from __future__ import annotations

import asyncio
import contextlib
import http.server
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from typing import Any, ClassVar, Iterator, Optional, Tuple

from deltastream_socket_client import AsyncClient, Client, RequestTimeout

from .processes import free_port, wait_for

TRANSPORTS = ('websocket', 'polling')
LOG = 'deltastream_socket_client'


class NotFound(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Failed TLS handshakes are what the tests want."""


@contextlib.contextmanager
def server(context: Optional[ssl.SSLContext] = None) -> Iterator[int]:
    """A web server that is no gateway."""
    with Server(('127.0.0.1', 0), NotFound) as running:
        if context is not None:
            running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        try:
            yield running.server_address[1]
        finally:
            running.shutdown()
            thread.join()


class Unreachable(unittest.TestCase):
    certificate: ClassVar[ssl.SSLContext]

    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = (str(pathlib.Path(folder) / name) for name in ('key', 'certificate'))
            subject = ['-subj', '/CN=other.example', '-days', '1', '-nodes']
            files = ['-keyout', key, '-out', certificate]
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', *subject, *files], check=True, capture_output=True)
            cls.certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            cls.certificate.load_cert_chain(certificate, key)

    def check(self, url: str, *parts: str) -> None:
        """Both clients, over both transports, say all of `parts` in their error and once in the log."""

        async def connect(transports: Tuple[str, ...]) -> None:
            await AsyncClient().connect(url, timeout=0.5, transports=transports)

        for transport in TRANSPORTS:
            for kind in (Client, AsyncClient):
                with self.subTest(transport=transport, client=kind.__name__):
                    with self.assertLogs(LOG, 'WARNING') as logged, self.assertRaises(RequestTimeout) as caught:
                        if kind is Client:
                            Client().connect(url, timeout=0.5, transports=(transport,))
                        else:
                            asyncio.run(connect((transport,)))
                    for part in parts:
                        self.assertIn(part, str(caught.exception))
                        self.assertIn(part, logged.output[0])
                    self.assertEqual(len(logged.output), 1, logged.output)

    def test_an_unknown_host_is_named(self) -> None:
        self.check('http://gateway.invalid:8002', "the host 'gateway.invalid' is unknown; check its spelling")

    def test_a_port_on_which_nothing_listens_is_named(self) -> None:
        url = f'http://127.0.0.1:{free_port()}'
        self.check(url, f'nothing listens at {url}; check the host and the port, and that the gateway runs')

    def test_https_to_a_server_without_tls_says_to_write_http(self) -> None:
        with server() as port:
            self.check(f'https://127.0.0.1:{port}', 'does not use TLS', "write 'http://' instead of 'https://'")

    def test_http_to_a_server_with_tls_says_to_write_https(self) -> None:
        with server(self.certificate) as port:
            self.check(f'http://127.0.0.1:{port}', 'if it uses TLS', "write 'https://' instead of 'http://'")

    def test_a_certificate_that_is_not_trusted_says_how_to_trust_its_authority(self) -> None:
        with server(self.certificate) as port:
            self.check(f'https://127.0.0.1:{port}', 'could not be verified (self', 'SSL_CERT_FILE', 'ssl_verify=False')

    def test_a_server_that_is_no_gateway_says_to_check_the_address_and_the_path(self) -> None:
        with server() as port:
            self.check(f'http://127.0.0.1:{port}', 'HTTP status 404', 'check the address and `path`')

    def test_no_text_contains_a_password_of_the_address(self) -> None:
        url = f'http://me:hunter2@127.0.0.1:{free_port()}/?key=hunter2'
        for transport in TRANSPORTS:
            with self.assertLogs(LOG, 'WARNING') as logged, self.assertRaises(RequestTimeout) as caught:
                Client().connect(url, timeout=0.3, transports=(transport,))
            self.assertNotIn('hunter2', f'{caught.exception} {logged.output}')

    def test_a_client_that_connects_in_the_background_warns_of_each_new_reason(self) -> None:
        listener = socket.create_server(('127.0.0.1', 0))
        port = listener.getsockname()[1]
        listener.close()
        with self.assertLogs(LOG, 'WARNING') as logged:
            client = Client().connect(f'http://127.0.0.1:{port}', wait=False)
            self.addCleanup(client.close)
            wait_for(lambda: logged.output)
            with Server(('127.0.0.1', port), NotFound) as running:
                threading.Thread(target=running.serve_forever, kwargs={'poll_interval': 0.01}).start()
                wait_for(lambda: len(logged.output) == 2, str(logged.output))
                running.shutdown()
        self.assertIn('nothing listens', logged.output[0])
        self.assertIn('HTTP status 404', logged.output[1])


class WrongAddress(unittest.TestCase):
    def check(self, url: str, text: str) -> None:
        with self.assertRaises(ValueError) as caught:
            Client().connect(url)
        self.assertEqual(str(caught.exception), text)
        with self.assertRaises(ValueError) as also:
            asyncio.run(AsyncClient().connect(url))
        self.assertEqual(str(also.exception), text)

    example = "'https://gateway.example.com' or 'http://localhost:8002'"

    def test_an_address_without_a_scheme_says_what_to_write(self) -> None:
        for url in ('localhost:8002', 'gateway.example.com', '//gateway.example.com'):
            name = url.lstrip('/')
            self.check(
                url,
                f"the gateway's address '{url}' has no scheme; write 'http://{name}', or 'https://{name}' if the gateway uses TLS",
            )

    def test_an_empty_address_says_to_check_where_it_comes_from(self) -> None:
        for url in ('', ' '):
            self.check(
                url,
                f"the gateway's address is empty; pass one like {self.example}, and check the variable that it is read from",
            )

    def test_an_address_that_cannot_be_used_says_why(self) -> None:
        what = "the gateway's address "
        self.check('redis://host:6379', f"{what}'redis://host:6379' begins with 'redis://'; it must begin with 'http://' or 'https://', or with 'ws://' or 'wss://'")
        self.check('http://', f"{what}'http://' has no host; write one like {self.example}")
        self.check('http://host\n', f"{what}'http://host\\n' contains a space or a line break; remove it")
        with self.assertRaisesRegex(ValueError, r'cannot be used \(.*8o02.*\); write one like'):
            Client().connect('http://host:8o02')

    def test_its_password_is_not_repeated(self) -> None:
        for url in ('me:hunter2@host', 'redis://me:hunter2@host', 'http://me:hunter2@:x/?key=hunter2', 'http://me:hunter2@ host'):
            with self.assertRaises(ValueError) as caught:
                Client().connect(url)
            self.assertNotIn('hunter2', str(caught.exception))
