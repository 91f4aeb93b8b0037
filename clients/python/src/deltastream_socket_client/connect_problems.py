"""Says why a connection could not be made, and what to do about it.

The exceptions of the transports differ, and python-socketio passes on only the text of some. This
therefore looks at the texts of an exception and of its causes.
"""
from __future__ import annotations

import re
from typing import Callable, Iterator, Match, Optional, Set, Tuple
from urllib.parse import urlsplit

from .gateway_url import shown_url

#: What the texts of the exceptions say, and what that means for the gateway at `url` and its `host`.
_PROBLEMS: Tuple[Tuple[str, Callable[[Match[str], str, str], str]], ...] = (
    (
        r'CERTIFICATE_VERIFY_FAILED\](?: certificate verify failed: (.+?) ?\()?',
        lambda found, url, _: (
            f'the certificate of {url} could not be verified'
            + (f' ({found[1].rstrip(".")})' if found[1] else '')
            + '; use the name that it was issued for, and set SSL_CERT_FILE to a file with the authority that issued it'
            ' (over polling, Client uses REQUESTS_CA_BUNDLE). For tests only, ssl_verify=False skips the check'
        ),
    ),
    (
        r'WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|record layer failure',
        lambda _, url, __: f"the server at {url} does not use TLS; write 'http://' instead of 'https://'",
    ),
    (
        r'\[SSL[:\]]|SSLError|TLSV1_ALERT|EOF occurred in violation of protocol',
        lambda _, url, __: f'TLS with {url} failed; check that this port uses TLS, and which versions of TLS it allows',
    ),
    (
        r'Name or service not known|nodename nor servname|getaddrinfo failed|[Nn]ame resolution|No address associated',
        lambda _, __, host: f'the host {host!r} is unknown; check its spelling, and that this machine can resolve it (DNS, VPN)',
    ),
    (
        r'Connection refused|Connect call failed|actively refused',
        lambda _, url, __: f'nothing listens at {url}; check the host and the port, and that the gateway runs',
    ),
    (
        r'Network is unreachable|No route to host|timed out|Connection timeout',
        lambda _, url, __: f'{url} cannot be reached; check the address, and that no firewall or missing VPN is in the way',
    ),
    (
        r'reset by peer|Connection aborted|Server disconnected|RemoteDisconnected|remote host was lost|EOF',
        lambda _, url, __: (
            f'the server at {url} closed the connection without a response'
            + ("; if it uses TLS, write 'https://' instead of 'http://'" if url.startswith(('http:', 'ws:')) else '')
        ),
    ),
)


def explain(error: BaseException, url: str) -> str:
    """Returns what happened and what to do next, or the text of `error` if it is not a known
    problem.
    """
    text = '\n'.join(f'{type(one).__name__} {one}' for one in causes(error))
    host = urlsplit(url).hostname or ''
    for pattern, explained in _PROBLEMS:
        found = re.search(pattern, text)
        if found is not None:
            return explained(found, shown_url(url), host)
    return str(error) or type(error).__name__


def explain_status(status: int, url: str) -> str:
    """The same for a server that responded with an HTTP status instead of a connection."""
    refused = f'the server at {shown_url(url)} refused the connection with HTTP status {status}'
    if status == 404:
        return f'{refused}; check the address and `path`, because no gateway responds there'
    if status in (301, 302, 307, 308):
        return f'{refused}, a redirect; connect to the address that it leads to'
    if status in (502, 503, 504):
        return f'{refused}; the gateway, or what is in front of it, is not available now'
    if status in (401, 407):
        return f'{refused}; something in front of the gateway requires a log-in, for example through `headers`'
    return refused


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it was raised from or during."""
    seen: Set[int] = set()
    at: Optional[BaseException] = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__
