"""The client for programs with threads."""
from __future__ import annotations

import logging
import threading
import time
from typing import Any, Callable, Dict, Iterable, List, Literal, Mapping, Optional, Sequence, Tuple, Union, overload

from .base_client import BaseClient
from .core import ANSWER_TIMEOUT
from .errors import GatewayError, NotConnected, RequestTimeout, request_error
from .options import LAGGING_WAIT, TOKEN_TIMEOUT, Options, TokenReason, checked_token
from .payloads import ChainUpdate, Snapshot, UnderlyingUpdate, Update
from .reconnect import Failure, ReconnectPolicy
from .renewal import Renewal
from .rooms import Symbols, addresses, payload_of
from .sync_connection import Connection
from .sync_subscription import Subscription

log = logging.getLogger('deltastream_socket_client')


class Client(BaseClient):
    """Threads of its own connect, send and call listeners. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        super().__init__()
        self._connection: Optional[Connection] = None
        self._threads: List[threading.Thread] = []

    # ---- connecting ----------------------------------------------------------------------------------------------

    def connect(
        self,
        url: str,
        *,
        token: Optional[Callable[[TokenReason], str]] = None,
        general: bool = True,
        transports: Sequence[str] = ('websocket',),
        path: str = 'socket.io',
        headers: Optional[Mapping[str, str]] = None,
        ssl_verify: bool = True,
        timeout: Optional[float] = 30.0,
        wait: bool = True,
    ) -> Client:
        """Connects, and from then on reconnects by itself, until `close`.

        `general=False` leaves the broadcast of everything on each connection. With `wait`, blocks until connected: raises
        ConnectionRefused where the gateway does not let it in, RequestTimeout after `timeout` seconds (None: never).
        """
        options = Options(url, token, tuple(transports), path, dict(headers or {}), ssl_verify)
        with self._changed:
            self._adopt(options, general)
            for name, run in (('connection', self._run), ('listeners', self._deliver)):
                thread = threading.Thread(target=run, daemon=True, name=f'deltastream-{name}')
                self._threads.append(thread)
                thread.start()
        if wait:
            try:
                with self._changed:
                    self._wait(lambda: self._core.connected or self._closing, timeout)
                    if self._closing:
                        raise self.error or NotConnected('the client was closed')
            except BaseException:
                self.close()
                raise
        return self

    def close(self) -> None:
        """Ends the connection, every iteration and the threads. Waits for them, unless a listener called it."""
        self._give_up(None)
        connection = self._connection
        if connection is not None:
            connection.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(ANSWER_TIMEOUT)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def is_stale(self, product: str) -> bool:
        """Whether a product's price cannot be relied on: it has stopped, never came, or there is no connection to say so."""
        with self._changed:
            return self._core.is_stale(product)

    # ---- subscriptions -------------------------------------------------------------------------------------------

    @overload
    def subscribe(
        self, type: Literal['product'], symbol: Optional[Symbols] = None, *, symbols: Iterable[str] = ()
    ) -> Subscription[UnderlyingUpdate]: ...

    @overload
    def subscribe(
        self,
        type: Literal['chain'],
        symbol: Optional[Symbols] = None,
        expiry: Optional[str] = None,
        *,
        symbols: Iterable[str] = (),
    ) -> Subscription[ChainUpdate]: ...

    @overload
    def subscribe(self, type: Literal['general']) -> Subscription[Update]: ...

    def subscribe(
        self,
        type: str,
        symbol: Optional[Symbols] = None,
        expiry: Optional[str] = None,
        *,
        symbols: Iterable[str] = (),
    ) -> Any:
        """Subscribes on this connection and each one after it, until `unsubscribe`. Does not block, and may come before `connect`."""
        wanted = addresses(type, symbol, expiry, symbols)
        with self._changed:
            if self._closing:
                raise self.error or NotConnected('the client is closed')
            handle = self._core.subscribe(wanted)
            self._changed.notify_all()
        return Subscription(self, handle)

    # ---- requests ------------------------------------------------------------------------------------------------

    def products(self, timeout: float = ANSWER_TIMEOUT) -> Tuple[str, ...]:
        """The products that this client may have."""
        return tuple(self._call('get_products', None, timeout)['products'])

    def subscriptions(self, timeout: float = ANSWER_TIMEOUT) -> Tuple[str, ...]:
        """The rooms that the gateway has this connection in."""
        return tuple(self._call('list_subscriptions', None, timeout)['rooms'])

    def snapshot(
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
        with self._changed:
            collector = self._core.collect(wanted)
        try:
            self._call('get_snapshot', payload_of(wanted), timeout)
            with self._changed:
                self._changed.wait_for(lambda: collector.complete or self._closing, LAGGING_WAIT)
                return collector.result()
        finally:
            with self._changed:
                self._core.discard(collector)

    def _call(self, event: str, payload: Optional[Dict[str, Any]], timeout: float) -> Mapping[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            answer = self._ask(event, payload, deadline)
            if answer.get('ok') is True:
                return answer
            error = request_error(answer.get('error'))
            wait = (error.retry_after_ms or 0) / 1000
            if not wait or time.monotonic() + wait >= deadline:
                raise error
            with self._changed:
                if error.code == 'RATE_LIMITED':
                    self._core.pacer.pause(wait)
                self._changed.wait_for(lambda: self._closing, wait)

    def _ask(self, event: str, payload: Optional[Dict[str, Any]], deadline: float) -> Mapping[str, Any]:
        answers: List[Any] = []

        def answered(answer: Any) -> None:
            with self._changed:
                answers.append(answer)
                self._changed.notify_all()

        with self._changed:
            while True:
                self._wait(lambda: self._core.connected or self._closing, max(0.0, deadline - time.monotonic()))
                # A gateway that is sent far more than it takes closes the connection for good.
                wait = 0.0 if self._closing else self._core.pacer.wait()
                if wait <= 0:
                    break
                if time.monotonic() + wait >= deadline:
                    raise RequestTimeout('not within the time given: too much is asked at once')
                self._changed.wait_for(lambda: self._closing, wait)
            connection = self._connection
            if self._closing or connection is None:
                raise self.error or NotConnected('the client is closed')
            current: Connection = connection
            self._core.pacer.take()
        if not connection.send(event, payload, answered):
            raise NotConnected('the connection was lost')
        with self._changed:
            self._wait(lambda: answers or current.over, max(0.0, deadline - time.monotonic()))
            if not answers:
                raise NotConnected('the connection was lost before the answer came')
            return answers[0] if isinstance(answers[0], dict) else {}

    def _wait(self, condition: Callable[[], Any], timeout: Optional[float]) -> None:
        if not self._changed.wait_for(condition, timeout):
            cause = self._failure
            error = RequestTimeout(f'not within {timeout:g} s' + (f': {cause.message}' if cause else ''))
            raise error from (cause.cause if cause else None)

    # ---- threads -------------------------------------------------------------------------------------------------

    def _token_expires(self, renewal: Renewal) -> None:
        threading.Thread(target=self._refresh_token, args=(renewal,), daemon=True, name='deltastream-token').start()

    def _deliver(self) -> None:
        """Calls listeners: never under the lock, so that they may use the client."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(self._inbox) > 0 or self._inbox.ended)
                if len(self._inbox) == 0:
                    return
                event, payload = self._inbox.take()
            for handler in self._listeners.of(event):
                try:
                    handler(payload)
                except BaseException:  # sys.exit() ends a thread, and this one serves the other handlers too
                    log.exception('a handler of %s failed', event)

    def _run(self) -> None:
        """Connects again and again, and in between keeps the gateway's rooms as they are wanted."""
        assert self._options is not None
        policy = ReconnectPolicy(self._options.token is not None)
        reason = 'connect'
        while not self._closing:
            failure = self._connect_once(reason)
            if failure is None:
                policy.succeeded()
                failure = self._serve()
            with self._changed:
                self._lost(failure)
            try:
                again = policy.after(failure)
            except GatewayError as error:
                self._give_up(error)
                return
            reason = again.reason
            log.info('not connected (%s): again in %.1f s', failure.message, again.delay)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, again.delay)

    def _connect_once(self, reason: TokenReason) -> Optional[Failure]:
        assert self._options is not None
        try:
            token = self._token(reason) if self._options.token else None
        except Exception as error:
            log.warning('the token callback failed: %r', error)
            return Failure(f'the token callback failed: {error!r}', cause=error)
        connection = Connection(self._options, lambda event, data: self._received(connection, event, data), self._wake)
        with self._changed:
            if self._closing:
                return Failure('closed')
            self._connection = connection
        return connection.open(token)

    def _serve(self) -> Failure:
        """Until the connection is over."""
        connection = self._connection
        assert connection is not None
        while True:
            with self._changed:
                if connection.over or self._closing:
                    closing = self._core.closing
                    break
                requests, later = self._core.take_requests()
                if not requests:
                    self._changed.wait(later)
                    continue
            for request in requests:
                self._send(connection, request)
        connection.close()
        if closing is None:
            return Failure('the connection was lost')
        return Failure(closing.message, code=closing.code, closing=closing)

    def _send(self, connection: Connection, request: Any) -> None:
        def answered(answer: Any) -> None:
            with self._changed:
                self._core.answered(request, answer)
                self._changed.notify_all()

        connection.send(request.event, request.payload, answered)

    def _received(self, connection: Connection, event: str, data: Any) -> None:
        with self._changed:
            if connection is self._connection and not connection.over and not self._closing:
                self._core.receive(event, data)
                self._changed.notify_all()

    def _token(self, reason: TokenReason) -> str:
        """Asks in a thread of its own: a callback that hangs holds up neither the next attempt nor `close`."""
        assert self._options is not None and self._options.token is not None
        callback = self._options.token
        answers: List[Tuple[Any, Optional[BaseException]]] = []

        def ask() -> None:
            try:
                answer: Tuple[Any, Optional[BaseException]] = (callback(reason), None)
            except BaseException as error:
                answer = (None, error)
            with self._changed:
                answers.append(answer)
                self._changed.notify_all()

        threading.Thread(target=ask, daemon=True, name='deltastream-token').start()
        with self._changed:
            if not self._changed.wait_for(lambda: answers or self._closing, TOKEN_TIMEOUT):
                raise TimeoutError(f'no answer within {TOKEN_TIMEOUT:g} s')
            if not answers:
                raise NotConnected('the client is closed')
        given, error = answers[0]
        if error is not None:
            # SystemExit, say, was for the callback's own thread.
            raise error if isinstance(error, Exception) else RuntimeError(f'it raised {error!r}') from error
        return checked_token(given)

    def _refresh_token(self, renewal: Renewal) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._closing or self._core.epoch != renewal.epoch, renewal.pause):
                    return
            try:
                self._call('refresh_token', {'token': self._token('expiring')}, ANSWER_TIMEOUT)
                return
            except Exception as error:
                # Where none comes the gateway closes the connection; the next one asks again.
                log.warning('the token could not be refreshed: %r', error)
                if not renewal.again(error):
                    return

    def _give_up(self, error: Optional[GatewayError]) -> None:
        with self._changed:
            super()._give_up(error)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
