"""One connection with python-socketio on asyncio, from its handshake to its end."""
from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Callable, Dict, Optional, Set

import socketio

from .failures import Failure, connection_failure
from .options import WELCOME_TIMEOUT, Options, handshake_auth, latency_echo

log = logging.getLogger('deltastream_socket_client')


class AsyncConnection:
    """Made for one attempt only, so that nothing of a lost connection can be taken for the next
    one's.
    """

    def __init__(self, options: Options, received: Callable[[str, Any], None], ended: Callable[[], None]) -> None:
        self._options = options
        self._received = received
        self._ended = ended
        self._refusal: Any = None
        self._welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.over = False
        self._echoes: Set[asyncio.Future[None]] = set()
        self._sio = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            ssl_verify=options.ssl_verify,
            serializer=options.serializer,
        )
        # Plain functions, because python-socketio calls these in the order of the messages.
        self._sio.on('*', self._event)
        self._sio.on('connect_error', self._refused)
        disconnect = self._sio.eio.handlers['disconnect']

        async def lost(*args: Any) -> None:
            try:
                await disconnect(*args)
            finally:
                self._end()

        # At the transport, because python-socketio does not report a connection that is lost before
        # it is complete.
        self._sio.eio.on('disconnect', lost)

    async def open(self, token: Optional[str]) -> Optional[Failure]:
        """Returns `None` when the gateway has sent `connected`. Returns the failure if it does not.
        """
        options = self._options
        error: BaseException = TimeoutError('the gateway accepted the connection but did not send `connected`')
        try:
            await self._sio.connect(
                options.url,
                headers=dict(options.headers),
                auth=handshake_auth(token, options.resume, options.latency_probe),
                transports=list(options.transports),
                socketio_path=options.path.strip('/'),
                wait=False,
            )
            # Not `asyncio.wait_for`: before Python 3.12, it drops a cancellation that comes together
            # with the result.
            welcomed, _ = await asyncio.wait({self._welcomed}, timeout=WELCOME_TIMEOUT)
            if welcomed and not self.over and self._refusal is None:
                return None
            if self.over:
                error = ConnectionError('the connection was lost before the gateway sent `connected`')
        except Exception as caught:
            # Any exception: python-socketio does not translate all that its transports raise.
            error = caught
        except BaseException:
            # The task was cancelled. The transport's session must not stay open.
            await self.abort()
            raise
        failure = connection_failure(error, self._refusal, options.url)
        await self.close()
        return failure

    async def send(self, event: str, payload: Optional[Dict[str, Any]], answered: Callable[[Any], None]) -> bool:
        """Sends an event, and passes its acknowledgement to `answered`. Returns False if there is
        no connection.
        """
        try:
            await self._sio.emit(event, payload, callback=lambda *answer: answered(answer[0] if answer else None))
        except socketio.exceptions.SocketIOError:
            return False
        return True

    async def close(self) -> None:
        try:
            await self._sio.disconnect()
        except Exception as error:
            log.debug('closing: %s', error)
        await self.abort()

    async def abort(self) -> None:
        """Ends the connection without waiting for the gateway, or for the tasks of python-socketio.
        """
        # engine.io closes the session only if this side ends the connection.
        session = self._sio.eio.http
        if session is not None and not session.closed:
            await session.close()
        self._end()

    def _event(self, event: str, *args: Any) -> None:
        if event == 'latency_probe':
            # The event loop holds tasks only weakly.
            task = asyncio.ensure_future(self._echo(*args))
            self._echoes.add(task)
            task.add_done_callback(self._echoes.discard)
        self._received(event, args[0] if args else None)
        if event == 'connected':
            self._welcome()

    async def _echo(self, probe: Any = None) -> None:
        """Answers a probe of the gateway."""
        answer = latency_echo(probe)
        if answer is not None:
            with contextlib.suppress(socketio.exceptions.SocketIOError):
                await self._sio.emit('latency_echo', answer)

    def _refused(self, data: Any = None) -> None:
        # If the handshake failed in the transport, `data` is a string, and the exception says more.
        if isinstance(data, dict) and ('data' in data or 'code' in data):
            self._refusal = data
        self._welcome()

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self._welcome()
            self._ended()

    def _welcome(self) -> None:
        if not self._welcomed.done():
            self._welcomed.set_result(None)
