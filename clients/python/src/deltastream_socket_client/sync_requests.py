"""Requests of a threaded client that its program waits for."""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Mapping, Optional

from . import arguments
from .core import Core
from .errors import GatewayError, NotConnected, RequestTimeout, request_error
from .sync_connection import Connection
from .sync_monitor import Monitor


class RequestSender:
    def __init__(
        self,
        core: Core,
        monitor: Monitor,
        connection: Callable[[], Optional[Connection]],
        ended: Callable[[], Optional[GatewayError]],
    ) -> None:
        """`ended()` returns the error to raise if the client is closed, and otherwise `None`."""
        self._core = core
        self._monitor = monitor
        self._connection = connection
        self._ended = ended

    def call(self, event: str, payload: Optional[Dict[str, Any]], timeout: float) -> Mapping[str, Any]:
        """Returns the acknowledgement of a request.

        A refusal with `retry_after_ms` is retried, as long as that is within `timeout` seconds.
        Raises RequestError if the gateway refuses the request, RequestTimeout, and NotConnected if
        the connection is lost or the client closed.
        """
        deadline = time.monotonic() + arguments.seconds(timeout)
        while True:
            answer = self._call_once(event, payload, deadline)
            if answer.get('ok') is True:
                return answer
            error = request_error(answer.get('error'))
            wait = (error.retry_after_ms or 0) / 1000
            if not wait or time.monotonic() + wait >= deadline:
                raise error
            with self._monitor:
                if error.code == 'RATE_LIMITED':
                    self._core.pacer.pause(wait)
                self._monitor.wait_for(self._ended, wait)

    def _call_once(self, event: str, payload: Optional[Dict[str, Any]], deadline: float) -> Mapping[str, Any]:
        answers: List[Any] = []

        def answered(answer: Any) -> None:
            with self._monitor:
                answers.append(answer)
                self._monitor.notify()

        with self._monitor:
            connection = self._wait_for_turn(deadline)
            self._core.pacer.take()
        if not connection.send(event, payload, answered):
            raise NotConnected('the connection was lost before the request was sent; send it again')
        with self._monitor:
            self._monitor.require(lambda: answers or connection.over, max(0.0, deadline - time.monotonic()))
            if not answers:
                raise NotConnected('the connection was lost before the gateway answered; send the request again')
            return answers[0] if isinstance(answers[0], dict) else {}

    def _wait_for_turn(self, deadline: float) -> Connection:
        """Waits for a connection, and for the rate limit: the gateway closes connections that
        exceed it by far.
        """
        while True:
            self._monitor.require(lambda: self._core.connected or self._ended(), max(0.0, deadline - time.monotonic()))
            error, connection = self._ended(), self._connection()
            if error is not None or connection is None:
                raise error or NotConnected('there is no connection')
            wait = self._core.pacer.wait()
            if wait <= 0:
                return connection
            if time.monotonic() + wait >= deadline:
                raise RequestTimeout("timed out: the client's other requests use up the gateway's rate limit")
            self._monitor.wait_for(self._ended, wait)
