"""One connection with python-socketio, from its handshake to its end."""
from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from typing import Any, Callable, Dict, List, Optional

import socketio

from .failures import Failure, connection_failure
from .options import WELCOME_TIMEOUT, Options, handshake_auth, latency_echo

log = logging.getLogger('deltastream_socket_client')


class Connection:
    """Made for one attempt only, so that nothing of a lost connection can be taken for the next
    one's.
    """

    def __init__(self, options: Options, received: Callable[[str, Any], None], ended: Callable[[], None]) -> None:
        self._options = options
        self._received = received
        self._ended = ended
        self._refusal: Any = None
        self._welcomed = threading.Event()
        self.over = False
        self._io_threads: List[threading.Thread] = []
        self._sio = socketio.Client(
            reconnection=False,
            handle_sigint=False,
            ssl_verify=options.ssl_verify,
            serializer=options.serializer,
        )
        self._sio.on('*', self._event)
        self._sio.on('connect_error', self._refused)
        eio = self._sio.eio
        message, disconnect = eio.handlers['message'], eio.handlers['disconnect']

        def run(target: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            if target == message:
                # python-socketio handles each message in a thread of its own, so that two updates
                # could change places.
                return self._in_turn(target, *args)
            thread = threading.Thread(target=target, args=args, kwargs=kwargs, daemon=True, name='deltastream-io')
            thread.start()
            self._io_threads = [one for one in self._io_threads if one.is_alive()] + [thread]
            return thread

        def lost(*args: Any) -> None:
            try:
                disconnect(*args)
            finally:
                self._end()

        eio.start_background_task = run
        # At the transport, because python-socketio does not report a connection that is lost before
        # it is complete.
        eio.on('disconnect', lost)

    def open(self, token: Optional[str]) -> Optional[Failure]:
        """Blocks until the gateway has sent `connected`, and returns `None`. Returns the failure if
        it does not.
        """
        options = self._options
        error: BaseException = TimeoutError('the gateway accepted the connection but did not send `connected`')
        try:
            self._sio.connect(
                options.url,
                headers=dict(options.headers),
                auth=handshake_auth(token, options.resume, options.latency_probe),
                transports=list(options.transports),
                socketio_path=options.path.strip('/'),
                wait=False,
            )
            if self._welcomed.wait(WELCOME_TIMEOUT) and not self.over and self._refusal is None:
                return None
            if self.over:
                error = ConnectionError('the connection was lost before the gateway sent `connected`')
        except Exception as caught:
            # Any exception: python-socketio does not translate all that its transports raise.
            error = caught
        failure = connection_failure(error, self._refusal, options.url)
        self.close()
        return failure

    def send(self, event: str, payload: Optional[Dict[str, Any]], answered: Callable[[Any], None]) -> bool:
        """Sends an event, and passes its acknowledgement to `answered`. Returns False if there is
        no connection.
        """
        try:
            self._sio.emit(event, payload, callback=lambda *answer: answered(answer[0] if answer else None))
        except socketio.exceptions.SocketIOError:
            return False
        return True

    def close(self) -> None:
        try:
            self._sio.disconnect()
        except Exception as error:
            log.debug('closing: %s', error)
        self._end()
        self._cut()
        # engine.io does not close the sockets of a lost connection.
        for resource, close in (('ws', 'shutdown'), ('http', 'close')):
            opened = getattr(self._sio.eio, resource, None)
            if opened is not None:
                getattr(opened, close)()

    def abort(self) -> None:
        """Ends a connection whose other end does not answer, without waiting for it."""
        self._cut()
        self.close()

    def _cut(self) -> None:
        # Closing a socket does not wake the thread that reads from it, and shutting it down does.
        reading = getattr(getattr(self._sio.eio, 'ws', None), 'sock', None)
        if reading is not None:
            with contextlib.suppress(OSError):
                reading.shutdown(socket.SHUT_RDWR)

    def join(self, timeout: float) -> None:
        """Waits until the threads of a closed connection have ended, for up to `timeout` seconds.
        Does not wait if one of them calls it.
        """
        if threading.current_thread() in self._io_threads:
            return
        deadline = time.monotonic() + timeout
        for thread in self._io_threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _event(self, event: str, *args: Any) -> None:
        if event == 'latency_probe':
            self._echo(*args)
        self._received(event, args[0] if args else None)
        if event == 'connected':
            self._welcomed.set()

    def _echo(self, probe: Any = None) -> None:
        """Answers a probe of the gateway before any handler runs, so that only the way here counts."""
        answer = latency_echo(probe)
        if answer is not None:
            with contextlib.suppress(socketio.exceptions.SocketIOError):
                self._sio.emit('latency_echo', answer)

    def _refused(self, data: Any = None) -> None:
        # If the handshake failed in the transport, `data` is a string, and the exception says more.
        if isinstance(data, dict) and ('data' in data or 'code' in data):
            self._refusal = data
        self._welcomed.set()

    def _in_turn(self, target: Callable[..., Any], *args: Any) -> None:
        try:
            target(*args)
        except Exception:
            # The reading thread must continue, or the connection would hang until its ping timeout.
            log.exception('a message could not be handled')

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self._welcomed.set()
            self._ended()
