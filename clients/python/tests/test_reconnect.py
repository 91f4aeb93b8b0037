from __future__ import annotations

import unittest
from typing import Any, Dict, List, Optional, Tuple

from deltastream_socket_client import AuthRequired, ConnectionClosed, ConnectionRefused, RequestError, TokenExpired, TokenRevoked
from deltastream_socket_client.failures import Failure, connection_failure
from deltastream_socket_client.options import Options
from deltastream_socket_client.payloads import Closing
from deltastream_socket_client.reconnect import ReconnectPolicy
from deltastream_socket_client.renewal import Renewals


def policy(tokens: bool = True) -> ReconnectPolicy:
    return ReconnectPolicy(tokens, spread=lambda: 0.5)


def closing(code: str, reconnect: bool) -> Failure:
    return Failure('', code=code, closing=Closing(code, '', reconnect))


class Policy(unittest.TestCase):
    def test_backs_off_and_starts_again_after_a_connection(self) -> None:
        backing_off = policy()
        lost = Failure('lost')
        self.assertEqual([backing_off.after(lost).delay for _ in range(6)], [0.5, 1, 2, 4, 8, 10])
        backing_off.succeeded()
        self.assertEqual(backing_off.after(lost).delay, 0.5)

    def test_never_overflows(self) -> None:
        endless = policy()
        for _ in range(2000):
            delay = endless.after(Failure('lost')).delay
        self.assertEqual(delay, 10)

    def test_waits_at_least_as_long_as_the_gateway_says(self) -> None:
        for code in ('AUTH_UNAVAILABLE', 'TOO_MANY_CONNECTIONS', None):
            delay = policy().after(Failure('', code=code, retry_after=8)).delay
            self.assertTrue(8 <= delay <= 10, delay)

    def test_asks_for_a_new_token_at_once_and_then_backs_off(self) -> None:
        expired = policy()
        delays = [expired.after(Failure('', code='TOKEN_EXPIRED')) for _ in range(3)]
        self.assertEqual([again.reason for again in delays], ['expired'] * 3)
        self.assertLess(delays[0].delay, 0.3)
        self.assertGreater(delays[2].delay, delays[1].delay)

    def test_gives_up_if_reconnecting_would_not_help(self) -> None:
        for failure, error, tokens in (
            (Failure('', code='AUTH_REQUIRED'), AuthRequired, True),
            (Failure('', code='TOKEN_REVOKED'), TokenRevoked, True),
            (Failure('', code='TOKEN_EXPIRED'), TokenExpired, False),
            (closing('TOKEN_EXPIRED', True), TokenExpired, False),
            (closing('TOKEN_REVOKED', False), ConnectionClosed, True),
            (closing('RATE_LIMITED', False), ConnectionClosed, True),
            (closing('DISCONNECTED', False), ConnectionClosed, True),
            (closing('SOMETHING_NEW', False), ConnectionClosed, True),
            (Failure('', status=403), ConnectionRefused, True),
        ):
            self.assertRaises(error, policy(tokens).after, failure)

    def test_reconnects_soon_after_it_was_handed_over_and_backs_off_after_being_too_slow(self) -> None:
        for code in ('DRAINING', 'REBALANCING'):
            self.assertLess(policy().after(closing(code, True)).delay, 0.3)
        self.assertEqual(policy().after(closing('TOO_SLOW', True)).delay, 0.5)
        self.assertEqual(policy().after(closing('SOMETHING_NEW', True)).delay, 0.5)


class Failures(unittest.TestCase):
    def test_keep_the_refusal_of_connect_error(self) -> None:
        refusal = {'message': 'no', 'data': {'code': 'TOO_MANY_CONNECTIONS', 'message': 'no', 'retry_after_ms': 1500}}
        failure = connection_failure(ValueError(), refusal)
        self.assertEqual((failure.code, failure.retry_after), ('TOO_MANY_CONNECTIONS', 1.5))

    def test_find_the_status_below_what_python_socketio_says(self) -> None:
        class BadStatus(Exception):
            status_code = 503
            resp_headers = {'retry-after': '7'}

        def raised() -> Optional[BaseException]:
            try:
                try:
                    raise BadStatus
                except BadStatus:
                    raise ConnectionError('Connection error')
            except ConnectionError as error:
                return error

        error = raised()
        assert error is not None
        self.assertEqual((connection_failure(error).status, connection_failure(error).retry_after), (503, 7.0))

    def test_options_are_checked_before_anything_is_done(self) -> None:
        faults: Tuple[Dict[str, Any], ...] = ({'url': 'gateway:8002'}, {'url': 'http://x', 'transports': ('smoke',)}, {'url': 'http://x', 'transports': ()})
        for bad in faults:
            self.assertRaises(ValueError, Options, **bad)
        self.assertRaises(TypeError, Options, url='http://x', token=lambda: 'no argument')


class RenewalOfTokens(unittest.TestCase):
    def renewals(self) -> Tuple[Renewals, List[float]]:
        now = [100.0]
        return Renewals(lambda: now[0], lambda: 1.0), now

    def test_begins_at_once_and_waits_longer_before_each_retry(self) -> None:
        renewals, now = self.renewals()
        renewal = renewals.begin(10, 1)
        pauses = [renewal.pause]
        while renewal.again(RuntimeError('no')):
            pauses.append(renewal.pause)
            now[0] += renewal.pause
        self.assertEqual(pauses, [0, 1, 2, 4])

    def test_ends_when_the_gateway_has_refused_two(self) -> None:
        renewal = self.renewals()[0].begin(60, 1)
        refusal = RequestError('TOKEN_INVALID', 'no')
        self.assertEqual([renewal.again(refusal), renewal.again(refusal)], [True, False])

    def test_where_the_new_token_expires_soon_as_well_there_are_pauses(self) -> None:
        renewals, now = self.renewals()
        end, asked = now[0] + 60, 0
        while now[0] < end:
            now[0] += renewals.begin(end - now[0], 1).pause
            renewals.renewed()
            asked += 1
        self.assertLess(asked, 10)
        now[0] += 5
        self.assertEqual(renewals.begin(60, 1).pause, 0)
