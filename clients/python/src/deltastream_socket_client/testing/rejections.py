"""What the fake gateway refuses, and with which texts."""
from __future__ import annotations

import datetime
import re
from typing import Any, Collection, Dict, List, Mapping, Optional, Sequence

from ..addresses import Address
from ..errors import InvalidView
from ..timestamps import parse_micros
from ..views import View, grant

SYMBOL_RULE = '1 to 32 letters, digits or & . _ - and begin with a letter or digit'
_SYMBOL = re.compile(r'[A-Za-z0-9][A-Za-z0-9&._-]{0,31}')
_INVALID = 'Invalid subscription request'
_INVALID_HISTORY = 'Invalid history request. The details say what is wrong.'
_CURSOR = re.compile(r'[ab]\d{1,16}-[0-9a-f]{8}')
_MAX_HISTORY_ROWS = 5_000
_HISTORY_TYPES = ('product', 'summary', 'opening', 'portfolio')
_RESOLUTIONS = ('raw', '1m', '5m', '1h')
_NO_SYMBOL_RULE = 'must be left out, because the portfolio is that of your own user'
_RESOLUTION_RULE = f'must be one of {", ".join(_RESOLUTIONS)}; only prices have other ones than raw'
_CHAIN_EXPIRY_RULE = 'must be a date YYYY-MM-DD, and is allowed with types summary and opening only'
_NOT_OF_OPENINGS = 'must be left out with type opening, which has one page'
_TIME_RULE = 'must be an ISO 8601 time such as 2026-11-22T04:43:39.340966'
_NOT_SAFE_TO_SHOW = re.compile(r'[^ -~]|[<>"\'`]')
_MAX_SHOWN = 12
_MAX_DETAILS = 10

#: Why a client may not connect, or a refreshed token is refused.
CONNECT_ERRORS: Mapping[str, str] = {
    'AUTH_REQUIRED': 'A token is required. Send it in auth.token or in the Authorization header; a token in the URL is ignored.',
    'TOKEN_INVALID': 'The token is not a JSON Web Token. Get another token.',
    'TOKEN_EXPIRED': 'The token has expired. Get a new one.',
    'TOKEN_REVOKED': 'This token, or every token of this user, has been revoked. Sign in again.',
    'AUTH_UNAVAILABLE': 'The gateway cannot check the token at the moment. Try again after retry_after_ms.',
    'TOO_MANY_CONNECTIONS': 'You already have 100 connections. Close one, or try again after retry_after_ms.',
}
#: The `closing` event of each reason for which the gateway closes a connection.
CLOSINGS: Mapping[str, Mapping[str, Any]] = {
    code: {'code': code, 'message': message, 'reconnect': reconnect}
    for code, message, reconnect in (
        ('TOO_SLOW', 'The client did not read what it was sent. Reconnect, and subscribe to less if this happens again.', True),
        ('DRAINING', 'This replica is shutting down. Reconnect to reach another one.', True),
        ('REBALANCING', 'This replica hands over some of its clients. Reconnect to reach another one.', True),
        ('DISCONNECTED', 'An operator has disconnected this client. Ask the operators before it connects again.', False),
        ('TOKEN_EXPIRED', 'The token has expired. Reconnect with a new one.', True),
        ('TOKEN_REVOKED', 'This token, or every token of this user, has been revoked. Sign in again.', False),
        (
            'RATE_LIMITED',
            'The client kept sending after it was told to slow down. Make it send less before it connects again.',
            False,
        ),
    )
}
#: Why an anonymous client may not have a portfolio.
NO_USER = 'A portfolio is for signed-in users only. Connect with a token, to a gateway that asks for tokens.'
#: Why a client with a token may not continue with one of another user.
OTHER_USER = 'This token belongs to another user. Open a new connection to use it.'
#: The codes that a test may refuse requests with.
REQUEST_ERRORS: Mapping[str, str] = {
    'FORBIDDEN': 'Your token does not allow this request. Ask for other rooms, or get a token that allows these.',
    'TOO_MANY_SUBSCRIPTIONS': _INVALID,
    'TOO_MANY_VIEWS': 'This gateway sends as many different views as it can. Ask for views that others use, or for the rooms '
    'themselves.',
    'RATE_LIMITED': 'You are sending messages too fast. Wait for retry_after_ms, then send more slowly.',
    'SLOW_CLIENT': 'You have not read what you were sent. Read it before you ask for more.',
    'SNAPSHOT_UNAVAILABLE': 'The gateway cannot look up the snapshot at the moment. Try again after retry_after_ms.',
    'HISTORY_UNAVAILABLE': 'The gateway cannot read the history at the moment. Try again after retry_after_ms.',
    'INTERNAL_ERROR': 'The gateway failed to process the request. Try again.',
    **CONNECT_ERRORS,
}


class Rejected(Exception):
    """A request that is refused. `payload` is that of the `error` event, without `event`."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(code)
        self.payload: Dict[str, Any] = {
            'message': message,
            'code': code,
            **{name: value for name, value in more.items() if value is not None},
        }


def check_addresses(payload: Any, most: int, with_general: bool) -> List[Address]:
    """Returns the rooms that a request names, each once. Raises Rejected if it is malformed."""
    if not isinstance(payload, dict):
        raise _invalid('INVALID_PAYLOAD', [{'field': 'payload', 'problem': 'must be an object'}])
    kind, symbol, symbols, expiry = (payload.get(name) for name in ('type', 'symbol', 'symbols', 'expiry'))
    if isinstance(symbols, list) and len(symbols) + (symbol is not None) > most:
        problem = f'must name at most {most} symbols, counting symbol; split the request'
        raise _invalid('TOO_MANY_SYMBOLS', [{'field': 'symbols', 'problem': problem}])
    kinds = ['product', 'chain', *(['general'] if with_general else []), 'portfolio']
    if kind not in kinds:
        why = '' if with_general else '; general has no snapshot, because it sends every product anyway'
        raise _invalid('INVALID_TYPE', [{'field': 'type', 'problem': f'must be one of {", ".join(kinds)}{why}'}])
    if expiry is not None and not (kind == 'chain' and _is_expiry(expiry)):
        problem = 'must be a date YYYY-MM-DD, and is allowed with type chain only'
        raise _invalid('INVALID_EXPIRY', [{'field': 'expiry', 'problem': problem}])
    view = _granted(kind, payload)
    if kind in ('general', 'portfolio'):
        return [Address(kind, view=view)]
    names = [*([] if symbol is None else [symbol]), *(symbols or [])]
    details = _symbol_problems(symbol, symbols)
    if details:
        raise _invalid('INVALID_SYMBOL', details[:_MAX_DETAILS])
    return [Address(kind, name, expiry, view) for name in dict.fromkeys(names)]


def check_budget(
    held: Mapping[str, Address], asked: Sequence[Address], limits: Mapping[str, Any], known: Collection[str]
) -> None:
    """Raises Rejected if a client would be in too many rooms."""
    added = [address for address in asked if address.room not in held]
    most = limits['max_subscriptions']
    if len(held) + len(added) > most:
        problem = f'must not bring your subscriptions above {most}; unsubscribe from other rooms first'
        raise _invalid('TOO_MANY_SUBSCRIPTIONS', [{'field': 'symbols', 'problem': problem}])
    unknown = [address.room for address in added if address.symbol is not None and address.symbol not in known]
    waiting = sum(address.symbol is not None and address.symbol not in known for address in held.values())
    most = limits['max_unknown_subscriptions']
    excess = unknown[max(0, most - waiting) :]
    if excess:
        problem = f'must not bring the subscriptions to products that the gateway has never seen above {most}'
        raise Rejected(
            'TOO_MANY_SUBSCRIPTIONS',
            f'More than {most} of your rooms would be of products that this gateway has never seen. Subscribe again after '
            'retry_after_ms to the rooms that `rooms` names; you may subscribe to the others now.',
            details=[{'field': 'symbols', 'problem': problem}],
            retry_after_ms=30_000,
            rooms=excess,
        )


def _granted(kind: str, payload: Mapping[str, Any]) -> Optional[View]:
    asked, replace = payload.get('view'), payload.get('replace')
    if replace is not None and not isinstance(replace, bool):
        raise _invalid('INVALID_VIEW', [{'field': 'replace', 'problem': 'must be true or false'}])
    if asked is None:
        return None
    if not isinstance(asked, dict):
        raise _invalid('INVALID_VIEW', [{'field': 'view', 'problem': 'must be an object'}])
    try:
        return grant(kind, View(asked.get('mode'), asked.get('strikes'), asked.get('max_rate')))
    except InvalidView as error:
        raise _invalid('INVALID_VIEW', [dict(detail) for detail in error.details]) from None


def check_history(payload: Any) -> None:
    """Raises Rejected if a `get_history` is malformed."""
    if not isinstance(payload, dict):
        raise _invalid('INVALID_PAYLOAD', [{'field': 'payload', 'problem': 'must be an object'}], _INVALID_HISTORY)
    kind, symbol, expiry, cursor = (payload.get(name) for name in ('type', 'symbol', 'expiry', 'cursor'))
    limit, resolution = payload.get('limit', 1), payload.get('resolution', 'raw')
    is_whole = isinstance(limit, int) and not isinstance(limit, bool)
    checks = [
        (kind in _HISTORY_TYPES, 'INVALID_TYPE', 'type', f'must be one of {", ".join(_HISTORY_TYPES)}'),
        (kind != 'portfolio' or symbol is None, 'INVALID_SYMBOL', 'symbol', _NO_SYMBOL_RULE),
        (kind == 'portfolio' or _is_symbol(symbol), 'INVALID_SYMBOL', 'symbol', f'must be {SYMBOL_RULE}'),
        (expiry is None or (kind in ('summary', 'opening') and _is_expiry(expiry)), 'INVALID_EXPIRY', 'expiry', _CHAIN_EXPIRY_RULE),
        *(
            check
            for name in ('from', 'to')
            for check in (
                (_is_time_or_none(payload.get(name)), 'INVALID_TIME', name, _TIME_RULE),
                (kind != 'opening' or payload.get(name) is None, 'INVALID_TIME', name, _NOT_OF_OPENINGS),
            )
        ),
        (is_whole, 'INVALID_PAGE', 'limit', 'must be a whole number'),
        (not is_whole or limit >= 1, 'INVALID_PAGE', 'limit', 'must be at least 1'),
        (not is_whole or limit <= _MAX_HISTORY_ROWS, 'INVALID_PAGE', 'limit', f'must be at most {_MAX_HISTORY_ROWS}'),
        (kind != 'opening' or payload.get('limit') is None, 'INVALID_PAGE', 'limit', _NOT_OF_OPENINGS),
        (resolution in (_RESOLUTIONS if kind == 'product' else ('raw',)), 'INVALID_PAGE', 'resolution', _RESOLUTION_RULE),
        (cursor is None or _is_cursor(cursor), 'INVALID_PAGE', 'cursor', 'must be the next of a page, as it is'),
        (kind != 'opening' or cursor is None, 'INVALID_PAGE', 'cursor', _NOT_OF_OPENINGS),
    ]
    for valid, code, field, problem in checks:
        if not valid:
            shown = _shown(symbol) if field == 'symbol' else {}
            raise _invalid(code, [{'field': field, 'problem': problem, **shown}], _INVALID_HISTORY)


def portfolio_history_is_off() -> Rejected:
    """Returns what a gateway with the default settings answers."""
    message = 'This gateway keeps no history of portfolios. Use live updates only, or ask its operator to set PORTFOLIO_HISTORY_SECONDS.'
    return Rejected('HISTORY_UNAVAILABLE', message)


def cursor_of_another_request() -> Rejected:
    problem = 'is of another request; repeat all other fields of its request, of which only limit may change'
    return _invalid('INVALID_PAGE', [{'field': 'cursor', 'problem': problem}], 'The cursor does not belong to this request.')


def forbidden(rooms: Sequence[str], message: Optional[str] = None) -> Rejected:
    details = [
        {'field': 'type' if room in ('general', 'portfolio') else 'symbol', 'problem': f'{room} is not allowed'} for room in rooms[:_MAX_DETAILS]
    ]
    return Rejected('FORBIDDEN', message or REQUEST_ERRORS['FORBIDDEN'], details=details)


def _symbol_problems(symbol: Any, symbols: Any) -> List[Dict[str, Any]]:
    if symbol is None and symbols is None:
        return [{'field': 'symbol', 'problem': 'is missing; send symbol or symbols'}]
    details: List[Dict[str, Any]] = []
    if symbol is not None and not _is_symbol(symbol):
        details.append({'field': 'symbol', 'problem': f'must be {SYMBOL_RULE}', **_shown(symbol)})
    if symbols is not None and not isinstance(symbols, list):
        details.append({'field': 'symbols', 'problem': 'must be a list of symbols'})
    elif symbols == []:
        details.append({'field': 'symbols', 'problem': 'must not be empty'})
    else:
        details += [
            {'field': 'symbols', 'problem': f'must each be {SYMBOL_RULE}', 'index': index, **_shown(name)}
            for index, name in enumerate(symbols or ())
            if not _is_symbol(name)
        ]
    return details


def _is_symbol(value: Any) -> bool:
    return isinstance(value, str) and _SYMBOL.fullmatch(value) is not None


def _is_expiry(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(datetime.datetime.strptime(value, '%Y-%m-%d'))
    except ValueError:
        return False


def _is_time_or_none(value: Any) -> bool:
    return value is None or parse_micros(value) is not None


def _is_cursor(value: Any) -> bool:
    return isinstance(value, str) and _CURSOR.fullmatch(value) is not None


def _shown(symbol: Any) -> Dict[str, str]:
    if not isinstance(symbol, str):
        return {}
    cut = symbol if len(symbol) <= _MAX_SHOWN else f'{symbol[:_MAX_SHOWN]}...'
    return {'symbol': _NOT_SAFE_TO_SHOW.sub('?', cut)}


def _invalid(code: str, details: List[Dict[str, Any]], message: str = _INVALID) -> Rejected:
    return Rejected(code, message, details=details)
