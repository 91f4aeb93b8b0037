"""The gateway's address: whether it can be used, and how to show it."""
from __future__ import annotations

import re
from urllib.parse import urlsplit

_EXAMPLE = "'https://gateway.example.com' or 'http://localhost:8002'"
#: A user with a password, a query and a fragment: each may hold a secret.
_SECRETS = re.compile(r'(?<=//)[^/?#]*@|^[^/?#]*@|[?#].*$', re.DOTALL)


def shown_url(url: str) -> str:
    """Returns the address without what may be secret, to be shown to people."""
    return _SECRETS.sub('', url)


def check_url(url: str) -> None:
    """Raises ValueError, which says what to write instead, if no connection can be made to the
    address.
    """
    if not url.strip():
        raise ValueError(
            f'the gateway\'s address is empty; pass one like {_EXAMPLE}, and check the variable that it is read from'
        )
    shown = shown_url(url)
    if re.search(r'[\s\x00-\x1f]', url):
        raise ValueError(f"the gateway's address {shown!r} contains a space or a line break; remove it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"the gateway's address {shown!r} cannot be used ({error}); write one like {_EXAMPLE}") from None
    if parts.scheme not in ('http', 'https', 'ws', 'wss'):
        if '://' in url:
            raise ValueError(
                f"the gateway's address {shown!r} begins with {parts.scheme + '://'!r}; "
                "it must begin with 'http://' or 'https://', or with 'ws://' or 'wss://'"
            )
        raise ValueError(
            f"the gateway's address {shown!r} has no scheme; write {'http://' + shown.lstrip('/')!r}, "
            f"or {'https://' + shown.lstrip('/')!r} if the gateway uses TLS"
        )
    if not parts.hostname or port == 0:
        missing = 'host' if not parts.hostname else 'port that can be used'
        raise ValueError(f"the gateway's address {shown!r} has no {missing}; write one like {_EXAMPLE}")
