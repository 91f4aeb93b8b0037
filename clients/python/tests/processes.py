"""A real Redis and the built gateway, and a network that can be cut between it and a client."""
from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from typing import Any, Callable, ClassVar, Dict, List, Optional, Set

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAIN = ROOT / 'dist/src/main.js'
SECRET = 'kR4nZ0q7cV1tY8uW2xE5aB9dF3gH6jL0'


def wait_for(condition: Callable[[], Any], what: str = 'the condition never held', timeout: float = 30) -> Any:
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


def token(user: int = 42, seconds: float = 3600, **more: Any) -> str:
    """A JSON Web Token as the platform's auth service makes them."""

    def text(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).rstrip(b'=').decode()

    now = int(time.time())
    claims: Dict[str, Any] = {'user_id': user, 'email': 'a@b.c', 'iat': now - 60, 'exp': int(now + seconds), **more}
    header: Dict[str, Any] = {'alg': 'HS256', 'typ': 'JWT'}
    body = '.'.join(text(json.dumps(part).encode()) for part in (header, claims))
    return f'{body}.{text(hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest())}'


class Redis:
    def __init__(self) -> None:
        self.port = free_port()
        self._folder = tempfile.mkdtemp(prefix='gateway-python-')
        arguments = ['--port', str(self.port), '--bind', '127.0.0.1', '--save', '', '--dir', self._folder]
        self._process = subprocess.Popen(['redis-server', *arguments], stdout=subprocess.DEVNULL)
        self._socket = wait_for(self._connect, 'redis-server does not listen')
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f'redis://127.0.0.1:{self.port}/0'

    def publish(self, channel: str, message: Dict[str, Any]) -> int:
        """Returns how many connections were subscribed to the channel."""
        return int(self._command('PUBLISH', channel, json.dumps(message))[1:])

    def set(self, key: str, message: Dict[str, Any]) -> None:
        self._command('SET', key, json.dumps(message))

    def exists(self, key: str) -> bool:
        return self._command('EXISTS', key) == b':1\r\n'

    def stop(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder)

    def _command(self, *parts: str) -> bytes:
        """Returns the first line of the reply."""
        data = [part.encode() for part in parts]
        command = b'*%d\r\n' % len(data) + b''.join(b'$%d\r\n%s\r\n' % (len(part), part) for part in data)
        with self._lock:
            self._socket.sendall(command)
            line: bytes = self._socket.makefile('rb').readline()
            return line

    def _connect(self) -> Optional[socket.socket]:
        with contextlib.suppress(OSError):
            return socket.create_connection(('127.0.0.1', self.port))
        return None


class Gateway:
    def __init__(self, redis: Redis, **environment: str) -> None:
        self._redis = redis
        settings = {
            'PATH': os.environ['PATH'],
            'PORT': '0',
            'HOST': '127.0.0.1',
            'NODE_ENV': 'test',
            'REDIS_URL': redis.url,
            'DRAIN_TIMEOUT_MS': '0',
            'MAX_EVENT_LOOP_DELAY_MS': '0',
            'FEED_PROBE_AFTER_MS': '600000',  # the feed must not be lost because the machine stalls
            **environment,
        }
        self._process = subprocess.Popen(['node', str(MAIN)], env=settings, stdout=subprocess.PIPE)
        self.port = 0
        self._feed_is_up = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        # What is published before the feed is up reaches clients, but is not in the history.
        wait_for(lambda: (self.port and self._feed_is_up) or self._process.poll() is not None, 'the gateway is not up')
        if self.port == 0 or not self._feed_is_up:
            raise AssertionError(f'the gateway ended with {self._process.returncode}')

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    def price(self, product: str, n: int) -> None:
        """Publishes the `n`-th price of a product, which is `n`."""
        message = {'type': 'UNDERLYING_ENRICHED', 'product': product, 'price': n, 'timestamp': stamp(n), 'processed_at': stamp(n)}
        wait_for(lambda: self._redis.publish('enriched:underlying', message), 'no gateway is subscribed to the feed')

    def chain(self, product: str, n: int, expiry: str = '2026-11-26') -> None:
        leg: Dict[str, Any] = {'strike': 21500, 'iv': 0.2293, 'option_type': 'CALL', 'rho': 1.5}
        message = {
            'product': product,
            'expiry': expiry,
            'spot_price': n,
            'pcr_oi': 0.9,
            'pcr_volume': 1.0,
            'max_pain_strike': 21400,
            'atm_straddle_price': 449.33,
            'timestamp': stamp(n),
            'calls': [leg],
            'puts': [{**leg, 'strike': 21550}],
        }
        wait_for(lambda: self._redis.publish('enriched:option_chain', message), 'no gateway is subscribed to the feed')

    def portfolio(self, user: int, n: int) -> None:
        """Publishes the `n`-th portfolio of a user, who has a client in the room."""
        message = self.store_portfolio(user, n)
        wait_for(lambda: self._redis.publish(f'enriched:portfolio:{user}', message), 'no gateway is subscribed to the portfolio')

    def store_portfolio(self, user: int, n: int) -> Dict[str, Any]:
        """Stores the `n`-th portfolio of a user without publishing it, and returns it."""
        message = {'user_id': user, 'timestamp': stamp(n), 'total_pnl': n, 'positions': [{'symbol': 'NIFTY', 'quantity': n}]}
        self._redis.set(f'latest:portfolio:{user}', message)
        return message

    def terminate(self) -> None:
        self._process.terminate()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            entry = json.loads(line)
            if entry.get('msg') == 'socket_gateway_listening':
                self.port = entry['port']
            elif entry.get('msg') == 'redis_listener_started':
                self._feed_is_up = True


def stamp(n: int) -> str:
    """Times that ascend with `n`, a millisecond apart."""
    return f'2026-11-22T{4 + n // 3_600_000:02}:{n // 60_000 % 60:02}:{n // 1000 % 60:02}.{n % 1000:03}001'


class Proxy:
    """Forwards connections until they are cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._sockets: Set[socket.socket] = set()
        self._server = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self._server.getsockname()[1]}'
        self.accepted = 0
        self._threads: List[threading.Thread] = []
        self._start(self._accept)

    def point(self, target: int) -> None:
        """Sends later connections to another port."""
        self._target = target

    def cut(self) -> None:
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in list(self._threads):
            thread.join(10)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client = self._server.accept()[0]
            except OSError:
                return
            self.accepted += 1
            try:
                upstream = socket.create_connection(('127.0.0.1', self._target))
            except OSError:
                client.close()
                continue
            self._sockets |= {client, upstream}
            self._start(self._pump, client, upstream)
            self._start(self._pump, upstream, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._sockets.discard(one)


class WithGateway(unittest.TestCase):
    """Has a Redis and a gateway on it, which all tests of the class share."""

    redis: ClassVar[Redis]
    gateway: ClassVar[Gateway]

    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        cls.gateway = Gateway(cls.redis)
        cls.addClassCleanup(cls.gateway.stop)
