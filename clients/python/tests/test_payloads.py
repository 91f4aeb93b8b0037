from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import unittest
from typing import Any, List

from deltastream_socket_client import ChainUpdate, Connected, Forbidden, OptionLeg, PayloadError, UnderlyingUpdate
from deltastream_socket_client.payload_reader import read

from .fakes import LIMITS, chain, price


class Payloads(unittest.TestCase):
    def test_unknown_fields_are_kept_in_extra(self) -> None:
        update = read(UnderlyingUpdate, price('NIFTY', 5, venue='NSE', extra='odd'))
        self.assertEqual((update.product, update.price, dict(update.extra)), ('NIFTY', 5, {'venue': 'NSE', 'extra': 'odd'}))

    def test_legs_are_typed_and_what_is_missing_is_none(self) -> None:
        update = read(ChainUpdate, chain('NIFTY', 5))
        (leg,) = update.calls
        self.assertIsInstance(leg, OptionLeg)
        self.assertEqual((leg.strike, leg.iv, leg.bid, leg.extra['rho']), (21500, 0.2293, None, 1.5))
        self.assertEqual((update.strikes, update.puts, update.atm_strike), ((21500,), (), None))

    def test_are_frozen_comparable_and_hashable(self) -> None:
        update = read(ChainUpdate, chain('NIFTY', 5))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            update.product = 'X'  # type: ignore[misc]
        self.assertEqual(update, read(ChainUpdate, chain('NIFTY', 5)))
        self.assertEqual(hash(update), hash(read(ChainUpdate, chain('NIFTY', 5))))
        self.assertNotEqual(update, read(ChainUpdate, chain('NIFTY', 6)))

    def test_go_into_tables_files_and_other_processes(self) -> None:
        update = read(ChainUpdate, chain('NIFTY', 5, venue='NSE'))
        self.assertEqual(copy.deepcopy(update), update)
        self.assertEqual(pickle.loads(pickle.dumps(update)), update)
        told = json.loads(json.dumps(dataclasses.asdict(update)))
        self.assertEqual((told['extra'], told['calls'][0]['extra']), ({'venue': 'NSE'}, {'rho': 1.5}))
        for name in ('clear', 'popitem', 'update'):
            self.assertRaises(TypeError, getattr(update.extra, name))

    def test_so_do_errors(self) -> None:
        error = Forbidden('FORBIDDEN', 'no', ({'field': 'symbol', 'problem': 'bad'},), 5)
        for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            self.assertEqual((type(same), str(same), vars(same)), (Forbidden, str(error), vars(error)))

    def test_times_are_utc(self) -> None:
        self.assertEqual(read(UnderlyingUpdate, price('NIFTY', 5)).time.isoformat(), '2026-11-22T04:00:00.000005+00:00')

    def test_what_breaks_the_contract_is_refused(self) -> None:
        broken = chain('NIFTY', 5)
        del broken['pcr_oi']
        malformed: List[Any] = [broken, None, [], 'text', {}, chain('NIFTY', 5, calls=7), chain('NIFTY', 5, calls=[7])]
        for data in malformed:
            self.assertRaises(PayloadError, read, ChainUpdate, data)

    def test_connected_has_typed_limits_and_user(self) -> None:
        user = {'user_id': '42', 'role': 'user', 'expires_at': 5}
        connected = read(Connected, {'client_id': 'c', 'rooms': [], 'limits': LIMITS, 'user': user})
        self.assertEqual(connected.limits.event_burst, 1200)
        assert connected.user is not None
        self.assertEqual(connected.user.role, 'user')
        older = read(Connected, {'client_id': 'c', 'rooms': []})
        self.assertEqual((older.user, older.replica), (None, None))
