"""Why there is no connection."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Optional

from .connect_problems import causes, explain, explain_status
from .errors import RequestTimeout
from .payloads import Closing


@dataclass(frozen=True)
class Failure:
    """Why a connection could not be made, or was lost."""

    message: str
    #: The code of the gateway's refusal or of its `closing` event.
    code: Optional[str] = None
    #: The HTTP status with which the handshake was refused.
    status: Optional[int] = None
    #: How long the gateway asks to wait, in seconds.
    retry_after: Optional[float] = None
    #: The `closing` event, if the gateway closed the connection.
    closing: Optional[Closing] = None
    cause: Optional[BaseException] = None


def connection_failure(error: BaseException, refusal: Any = None, url: str = '') -> Failure:
    """Returns why a connection could not be made.

    `error` is what the transport raised; the HTTP status is often only in an exception further down
    its chain of causes. `refusal` is the data of `connect_error`, if the gateway itself refused the
    client. `url` is the gateway's address.
    """
    if isinstance(refusal, dict):
        data = refusal.get('data')
        details = data if isinstance(data, dict) else refusal
        retry = details.get('retry_after_ms')
        return Failure(
            str(details.get('message') or refusal.get('message') or 'refused'),
            code=details.get('code'),
            retry_after=None if retry is None else retry / 1000,
        )
    for at in causes(error):
        status = getattr(at, 'status_code', getattr(at, 'status', None))
        # Over polling, python-socketio keeps only the text.
        said = re.search(r'Unexpected status code (\d{3})', str(at))
        if said is not None:
            status = int(said[1])
        if isinstance(status, int):
            headers = getattr(at, 'resp_headers', None) or getattr(at, 'headers', None) or {}
            named = {str(name).lower(): value for name, value in dict(headers).items()}
            retry_after = str(named.get('retry-after', ''))
            return Failure(
                explain_status(status, url),
                status=status,
                retry_after=float(retry_after) if retry_after.isdigit() else None,
                cause=error,
            )
    return Failure(explain(error, url), cause=error)


def timeout_error(timeout: Optional[float], last: Optional[Failure]) -> RequestTimeout:
    """Returns the error of a wait that took `timeout` seconds. Its cause is that of the last
    failure to connect.
    """
    error = RequestTimeout(f'timed out after {timeout:g} s' + (f': {last.message}' if last else ''))
    error.__cause__ = last.cause if last else None
    return error
