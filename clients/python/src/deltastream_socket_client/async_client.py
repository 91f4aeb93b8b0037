"""The client for asyncio."""
from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Callable, Dict, Iterable, List, Literal, Mapping, Optional, Sequence, Set, Tuple, Union, overload

from .async_connection import AsyncConnection
from .async_subscription import AsyncSubscription
from .base_client import BaseClient
from .core import ANSWER_TIMEOUT
from .errors import GatewayError, NotConnected, RequestTimeout, request_error
from .options import LAGGING_WAIT, TOKEN_TIMEOUT, Options, TokenReason, checked_token
from .payloads import ChainUpdate, Snapshot, UnderlyingUpdate, Update
from .reconnect import Failure, ReconnectPolicy
from .renewal import Renewal
from .room_requests import RoomRequest
from .rooms import Symbols, addresses, payload_of
from .tasks import Tasks

log = logging.getLogger('deltastream_socket_client')


class AsyncClient(BaseClient):
    """Everything happens on the event loop that `connect` was called on; make it and use it there."""

    def __init__(self) -> None:
        super().__init__()
        self._connection: Optional[AsyncConnection] = None
        self._tasks = Tasks()
        self._waiting: Set[asyncio.Event] = set()

    # ---- connecting ----------------------------------------------------------------------------------------------

    async def connect(
        self,
        url: str,
        *,
        token: Optional[Callable[[TokenReason], Any]] = None,
        general: bool = True,
        transports: Sequence[str] = ('websocket',),
        path: str = 'socket.io',
        headers: Optional[Mapping[str, str]] = None,
        ssl_verify: bool = True,
        timeout: Optional[float] = 30.0,
        wait: bool = True,
    ) -> AsyncClient:
        """Connects, and from then on reconnects by itself, until `close`.

        `token` may be a coroutine function. `general=False` leaves the broadcast of everything on each connection. With `wait`,
        returns when connected: raises ConnectionRefused where the gateway does not let it in, RequestTimeout after `timeout`
        seconds (None: never).
        """
        options = Options(url, token, tuple(transports), path, dict(headers or {}), ssl_verify)
        self._adopt(options, general)
        self._tasks.start(self._run())
        self._tasks.start(self._deliver())
        if wait:
            try:
                await self._wait(lambda: self._core.connected or self._closing, timeout)
                if self._closing:
                    raise self.error or NotConnected('the client was closed')
            except BaseException:
                await self.close()
                raise
        return self

    async def close(self) -> None:
        """Ends the connection, every iteration and the tasks."""
        self._give_up(None)
        if self._connection is not None:
            await self._connection.close()
        await self._tasks.end()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    def is_stale(self, product: str) -> bool:
        """Whether a product's price cannot be relied on: it has stopped, never came, or there is no connection to say so."""
        return self._core.is_stale(product)

    # ---- subscriptions -------------------------------------------------------------------------------------------

    @overload
    def subscribe(
        self, type: Literal['product'], symbol: Optional[Symbols] = None, *, symbols: Iterable[str] = ()
    ) -> AsyncSubscription[UnderlyingUpdate]: ...

    @overload
    def subscribe(
        self,
        type: Literal['chain'],
        symbol: Optional[Symbols] = None,
        expiry: Optional[str] = None,
        *,
        symbols: Iterable[str] = (),
    ) -> AsyncSubscription[ChainUpdate]: ...

    @overload
    def subscribe(self, type: Literal['general']) -> AsyncSubscription[Update]: ...

    def subscribe(
        self,
        type: str,
        symbol: Optional[Symbols] = None,
        expiry: Optional[str] = None,
        *,
        symbols: Iterable[str] = (),
    ) -> Any:
        """Subscribes on this connection and each one after it, until `unsubscribe`. May come before `connect`."""
        wanted = addresses(type, symbol, expiry, symbols)
        if self._closing:
            raise self.error or NotConnected('the client is closed')
        handle = self._core.subscribe(wanted)
        self._wake()
        return AsyncSubscription(self, handle)

    # ---- requests ------------------------------------------------------------------------------------------------

    async def products(self, timeout: float = ANSWER_TIMEOUT) -> Tuple[str, ...]:
        """The products that this client may have."""
        return tuple((await self._call('get_products', None, timeout))['products'])

    async def subscriptions(self, timeout: float = ANSWER_TIMEOUT) -> Tuple[str, ...]:
        """The rooms that the gateway has this connection in."""
        return tuple((await self._call('list_subscriptions', None, timeout))['rooms'])

    async def snapshot(
        self,
        type: str,
        symbol: Optional[Symbols] = None,
        expiry: Optional[str] = None,
        *,
        symbols: Iterable[str] = (),
        timeout: float = ANSWER_TIMEOUT,
    ) -> Snapshot[Union[UnderlyingUpdate, ChainUpdate]]:
        """The newest known of what `subscribe` takes, without subscribing."""
        wanted = addresses(type, symbol, expiry, symbols)
        collector = self._core.collect(wanted)
        try:
            await self._call('get_snapshot', payload_of(wanted), timeout)
            await self._until(lambda: collector.complete or self._closing, LAGGING_WAIT)
            return collector.result()
        finally:
            self._core.discard(collector)

    async def _call(self, event: str, payload: Optional[Dict[str, Any]], timeout: float) -> Mapping[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            answer = await self._ask(event, payload, deadline)
            if answer.get('ok') is True:
                return answer
            error = request_error(answer.get('error'))
            wait = (error.retry_after_ms or 0) / 1000
            if not wait or time.monotonic() + wait >= deadline:
                raise error
            if error.code == 'RATE_LIMITED':
                self._core.pacer.pause(wait)
            await self._until(lambda: self._closing, wait)

    async def _ask(self, event: str, payload: Optional[Dict[str, Any]], deadline: float) -> Mapping[str, Any]:
        answers: List[Any] = []

        def answered(answer: Any) -> None:
            answers.append(answer)
            self._wake()

        while True:
            await self._wait(lambda: self._core.connected or self._closing, max(0.0, deadline - time.monotonic()))
            # A gateway that is sent far more than it takes closes the connection for good.
            wait = 0.0 if self._closing else self._core.pacer.wait()
            if wait <= 0:
                break
            if time.monotonic() + wait >= deadline:
                raise RequestTimeout('not within the time given: too much is asked at once')
            await self._until(lambda: self._closing, wait)
        connection = self._connection
        if self._closing or connection is None:
            raise self.error or NotConnected('the client is closed')
        current: AsyncConnection = connection
        self._core.pacer.take()
        if not await connection.send(event, payload, answered):
            raise NotConnected('the connection was lost')
        await self._wait(lambda: answers or current.over, max(0.0, deadline - time.monotonic()))
        if not answers:
            raise NotConnected('the connection was lost before the answer came')
        return answers[0] if isinstance(answers[0], dict) else {}

    # ---- waiting -------------------------------------------------------------------------------------------------

    async def _until(self, condition: Callable[[], Any], timeout: Optional[float]) -> bool:
        """Whether the condition has come to hold."""
        deadline = None if timeout is None else time.monotonic() + timeout
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            while not condition():
                event.clear()
                try:
                    await asyncio.wait_for(event.wait(), None if deadline is None else deadline - time.monotonic())
                except asyncio.TimeoutError:
                    return bool(condition())
            return True
        finally:
            self._waiting.discard(event)

    async def _wait(self, condition: Callable[[], Any], timeout: Optional[float]) -> None:
        if not await self._until(condition, timeout):
            cause = self._failure
            error = RequestTimeout(f'not within {timeout:g} s' + (f': {cause.message}' if cause else ''))
            raise error from (cause.cause if cause else None)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()

    # ---- tasks ---------------------------------------------------------------------------------------------------

    def _token_expires(self, renewal: Renewal) -> None:
        self._tasks.start(self._refresh_token(renewal))

    async def _deliver(self) -> None:
        while True:
            await self._until(lambda: len(self._inbox) > 0 or self._inbox.ended, None)
            if len(self._inbox) == 0:
                return
            event, payload = self._inbox.take()
            for handler in self._listeners.of(event):
                try:
                    await self._tasks.call(handler, payload)
                except Exception:
                    log.exception('a handler of %s failed', event)

    async def _run(self) -> None:
        """Connects again and again, and in between keeps the gateway's rooms as they are wanted."""
        assert self._options is not None
        policy = ReconnectPolicy(self._options.token is not None)
        reason = 'connect'
        while not self._closing:
            failure = await self._connect_once(reason)
            if failure is None:
                policy.succeeded()
                failure = await self._serve()
            self._lost(failure)
            try:
                again = policy.after(failure)
            except GatewayError as error:
                self._give_up(error)
                return
            reason = again.reason
            log.info('not connected (%s): again in %.1f s', failure.message, again.delay)
            await self._until(lambda: self._closing, again.delay)

    async def _connect_once(self, reason: TokenReason) -> Optional[Failure]:
        assert self._options is not None
        try:
            token = await self._token(reason) if self._options.token else None
        except Exception as error:
            log.warning('the token callback failed: %r', error)
            return Failure(f'the token callback failed: {error!r}', cause=error)
        if self._closing:
            return Failure('closed')
        connection = AsyncConnection(self._options, lambda event, data: self._received(connection, event, data), self._wake)
        self._connection = connection
        return await connection.open(token)

    async def _serve(self) -> Failure:
        """Until the connection is over."""
        connection = self._connection
        assert connection is not None
        while not connection.over and not self._closing:
            requests, later = self._core.take_requests()
            for request in requests:
                await self._send(connection, request)
            if not requests:
                woken = self._once()
                await self._until(woken, later)
        closing = self._core.closing
        await connection.close()
        if closing is None:
            return Failure('the connection was lost')
        return Failure(closing.message, code=closing.code, closing=closing)

    def _once(self) -> Callable[[], bool]:
        """False when first asked, true from then on: waits until something, whatever it is, has happened."""
        asked: List[None] = []

        def condition() -> bool:
            asked.append(None)
            return len(asked) > 1

        return condition

    async def _send(self, connection: AsyncConnection, request: RoomRequest) -> None:
        def answered(answer: Any) -> None:
            self._core.answered(request, answer)
            self._wake()

        await connection.send(request.event, request.payload, answered)

    def _received(self, connection: AsyncConnection, event: str, data: Any) -> None:
        if connection is self._connection and not connection.over and not self._closing:
            self._core.receive(event, data)
            self._wake()

    async def _token(self, reason: TokenReason) -> str:
        assert self._options is not None and self._options.token is not None
        try:
            return checked_token(await asyncio.wait_for(self._tasks.call(self._options.token, reason), TOKEN_TIMEOUT))
        except asyncio.TimeoutError:
            raise TimeoutError(f'no answer within {TOKEN_TIMEOUT:g} s') from None

    async def _refresh_token(self, renewal: Renewal) -> None:
        while not await self._until(lambda: self._closing or self._core.epoch != renewal.epoch, renewal.pause):
            try:
                await self._call('refresh_token', {'token': await self._token('expiring')}, ANSWER_TIMEOUT)
                return
            except Exception as error:
                # Where none comes the gateway closes the connection; the next one asks again.
                log.warning('the token could not be refreshed: %r', error)
                if not renewal.again(error):
                    return
