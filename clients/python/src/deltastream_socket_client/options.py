"""How to connect: the arguments of `connect`, which are checked before anything is done with them.
"""
from __future__ import annotations

import importlib.util
import inspect
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

from . import arguments
from .gateway_url import check_url

#: Why the token callback is called: 'connect' at each connection, 'expired' when the gateway
#: refused the last token because it had expired, and 'expiring' before the token in use expires.
TokenReason = str

#: How long the gateway may take to send `connected` on a new connection, in seconds.
WELCOME_TIMEOUT = 10.0
#: How long the token callback may take, in seconds.
TOKEN_TIMEOUT = 10.0
#: How long a snapshot's updates may come after its acknowledgement, in seconds. They do if the
#: client lags.
LAGGING_WAIT = 2.0


@dataclass(frozen=True)
class Options:
    url: str
    token: Optional[Callable[[TokenReason], Any]] = None
    transports: Sequence[str] = ('websocket',)
    path: str = 'socket.io'
    headers: Mapping[str, str] = field(default_factory=dict)
    ssl_verify: bool = True
    heartbeat: Optional[float] = 2.0
    probe: bool = False
    resume: bool = False
    encoding: str = 'json'
    latency_probe: bool = False

    def __post_init__(self) -> None:
        for name in ('url', 'path'):
            arguments.text(name, getattr(self, name))
        for name, value in self.headers.items():
            arguments.text('the name of a header', name)
            arguments.text(f'the header {name}', value)
        for name in ('ssl_verify', 'probe', 'resume', 'latency_probe'):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f'{name} must be True or False, not {getattr(self, name)!r}')
        check_url(self.url)
        if self.encoding not in ('json', 'msgpack'):
            raise ValueError(f"encoding must be 'json' or 'msgpack', not {self.encoding!r}")
        if self.encoding == 'msgpack' and importlib.util.find_spec('msgpack') is None:
            raise ImportError(
                "encoding='msgpack' needs the package msgpack: pip install 'deltastream-socket-client[msgpack]'"
            )
        if not self.transports or not all(transport in ('websocket', 'polling') for transport in self.transports):
            raise ValueError(f"transports must name 'websocket' or 'polling' or both, not {self.transports!r}")
        if self.token is not None:
            try:
                inspect.signature(self.token).bind('connect')
            except TypeError as error:
                raise TypeError(
                    "token must be a function of one argument, the reason ('connect', 'expired' or 'expiring'): "
                    'for example token=lambda reason: my_token'
                ) from error

    @property
    def serializer(self) -> str:
        """The encoding's name in python-socketio."""
        return 'default' if self.encoding == 'json' else self.encoding


def validate_token(given: Any) -> str:
    """Raises ValueError if the callback gave no token, so that the client never connects as
    anonymous instead.
    """
    if not isinstance(given, str) or not given:
        kind = 'an empty one' if given == '' else f'a value of type {type(given).__name__}'
        raise ValueError(f'it gave no token: it must return a non-empty string, and returned {kind}')
    return given


def handshake_auth(token: Optional[str], resume: bool = False, latency_probe: bool = False) -> Dict[str, Any]:
    """Returns what the client sends as `auth`: its token, and that it wants everything that is
    stale as one event.

    A client that resumes stays out of `general` at first. There, a newer price could come before
    those that it missed, and the gateway would resume nothing. With `latency_probe`, it answers the
    gateway's probes. A gateway that does not know an option ignores it.
    """
    options: Dict[str, Any] = {'statuses': 'batch'}
    if resume:
        options['general'] = 'off'
    if latency_probe:
        options['latency_probe'] = True
    return options if token is None else {'token': token, **options}


def latency_echo(probe: Any) -> Optional[Dict[str, str]]:
    """Returns the answer to a `latency_probe`. `None` if the probe is malformed."""
    if not isinstance(probe, dict) or not isinstance(probe.get('id'), str):
        return None
    return {'id': probe['id']}
