"""Connections of the real clients to a fake gateway, in place of those with python-socketio."""
from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from typing import Any, Callable, Deque, Dict, Optional, Protocol

from ..async_connection import AsyncConnection
from ..failures import Failure, connection_failure
from ..options import Options, handshake_auth
from ..sync_connection import Connection


class Unreachable(ConnectionError):
    """No gateway can be reached."""

    def __init__(self) -> None:
        super().__init__('Connection refused')


class Session(Protocol):
    """The gateway's side of a connection."""

    def request(self, event: str, payload: Any, answered: Callable[[Any], None]) -> None:
        """Takes a request, and passes its acknowledgement on."""

    def left(self) -> None:
        """The client has closed the connection."""


class Accepts(Protocol):
    """A gateway, as far as connections need it."""

    def accept(self, link: Link, auth: Dict[str, Any]) -> Session:
        """Lets a client in. Raises Unreachable, or Refusal if it is not let in."""

    def tap(self, link: object, direction: str, packet: str) -> None:
        """Is told each Socket.IO packet: its connection, '>' or '<' for sent or received, and its text."""


class Refusal(Exception):
    """The gateway does not let a client in. `error` is the content of its CONNECT_ERROR."""

    def __init__(self, error: Dict[str, Any]) -> None:
        super().__init__(error['message'])
        self.error = error


class Link:
    """What the connections of both clients have in common. Everything passes through JSON, so that
    neither side shares an object with the other.
    """

    def __init__(
        self,
        gateway: Accepts,
        client: Any,
        options: Options,
        received: Callable[[str, Any], None],
        ended: Callable[[], None],
    ) -> None:
        self.client = client
        self._gateway = gateway
        self._url = options.url
        self._resume = options.resume
        self._latency_probe = options.latency_probe
        self._received_event = received
        self._ended_link = ended
        self._session: Optional[Session] = None
        self._ids = itertools.count()
        self.ended = False
        #: Called when the connection ends, before the client is told.
        self.when_ended: Callable[[], None] = lambda: None

    def enter(self, token: Optional[str]) -> Optional[Failure]:
        auth = handshake_auth(token, self._resume, self._latency_probe)
        self._gateway.tap(self, '>', f'0{json.dumps(auth)}')
        try:
            self._session = self._gateway.accept(self, auth)
        except Unreachable as error:
            self.end()
            return connection_failure(error, None, self._url)
        except Refusal as refusal:
            self._gateway.tap(self, '<', f'4{json.dumps(refusal.error)}')
            self.end()
            return connection_failure(refusal, refusal.error, self._url)
        return None

    def request(self, event: str, payload: Any, answered: Callable[[Any], None]) -> bool:
        if self.ended or self._session is None:
            return False
        number = next(self._ids)
        text = json.dumps([event] if payload is None else [event, payload])
        self._gateway.tap(self, '>', f'2{number}{text}')

        def acknowledged(answer: Any) -> None:
            said = json.dumps([answer])
            self._gateway.tap(self, '<', f'3{number}{said}')
            self.post(lambda: answered(json.loads(said)[0]))

        self._session.request(event, json.loads(text)[1] if payload is not None else None, acknowledged)
        return True

    def deliver(self, event: str, payload: Dict[str, Any]) -> None:
        """Brings the client an event of the gateway."""
        text = json.dumps([event, payload])
        self._gateway.tap(self, '<', f'2{text}')
        self.post(lambda: self._received_event(event, json.loads(text)[1]))

    def cut(self) -> None:
        """The gateway, or the network, has ended the connection."""
        self.post(self.end)

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.when_ended()
            if self._session is not None:
                self._session.left()
            self._ended_link()

    def post(self, call: Callable[[], None]) -> None:
        """Calls something of the client's, in order."""
        call()

    @property
    def quiet(self) -> bool:
        """Whether everything that was posted has been called."""
        return True


class AsyncLink(Link):
    """A client on an event loop may only be called there. A test on that loop sees the effect of
    what it publishes at once; from another thread, it comes as soon as the loop gets to it.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._loop = asyncio.get_running_loop()
        self._calls: Deque[Callable[[], None]] = deque()

    def post(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            self._run()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._run)

    @property
    def quiet(self) -> bool:
        return not self._calls

    def _run(self) -> None:
        while self._calls:
            self._calls.popleft()()


class LinkedConnection(Connection):
    """The connection of a `Client`."""

    def __init__(self, link: Link) -> None:  # Without python-socketio.
        self._link = link
        self.over = False
        self._io_threads = []
        link.when_ended = self._mark_over

    def _mark_over(self) -> None:
        self.over = True

    def open(self, token: Optional[str]) -> Optional[Failure]:
        return self._link.enter(token)

    def send(self, event: str, payload: Optional[Dict[str, Any]], answered: Callable[[Any], None]) -> bool:
        return self._link.request(event, payload, answered)

    def close(self) -> None:
        self._link.end()


class AsyncLinkedConnection(AsyncConnection):
    """The connection of an `AsyncClient`."""

    def __init__(self, link: Link) -> None:  # Without python-socketio.
        self._link = link
        self.over = False
        link.when_ended = self._mark_over

    def _mark_over(self) -> None:
        self.over = True

    async def open(self, token: Optional[str]) -> Optional[Failure]:
        return self._link.enter(token)

    async def send(self, event: str, payload: Optional[Dict[str, Any]], answered: Callable[[Any], None]) -> bool:
        return self._link.request(event, payload, answered)

    async def close(self) -> None:
        self._link.end()

    async def abort(self) -> None:
        self._link.end()
