from __future__ import annotations

import unittest
from datetime import date, datetime, timedelta, timezone
from typing import Any, Dict, List, Tuple
from unittest import mock

from deltastream_socket_client import History, RequestError
from deltastream_socket_client.history import history_request
from deltastream_socket_client.payload_reader import read
from deltastream_socket_client.testing import FakeGateway

from .recorded import mistakes

EXPIRY = '2099-11-26'
LATER = '2099-12-03'


def prices_of(page: History) -> List[Any]:
    return [record['price'] for record in page.records()]


def request(**more: Any) -> Dict[str, Any]:
    given: Dict[str, Any] = {'expiry': None, 'from_': None, 'to': None, 'limit': None, 'resolution': 'raw', 'cursor': None, **more}
    return history_request('product', 'NIFTY', **given)


class Arguments(unittest.TestCase):
    def test_times_are_sent_in_utc(self) -> None:
        plus = timezone(timedelta(hours=5, minutes=30))
        sent = request(from_=datetime(2026, 11, 23, 14, 45, tzinfo=plus), to=datetime(2026, 11, 23, 9, 30))
        self.assertEqual((sent['from'], sent['to']), ('2026-11-23T09:15:00.000000Z', '2026-11-23T09:30:00.000000Z'))
        self.assertEqual(request(from_='2026-11-22T04:43:38.330112')['from'], '2026-11-22T04:43:38.330112')

    def test_what_is_not_given_is_not_sent(self) -> None:
        self.assertEqual(request(), {'type': 'product', 'symbol': 'NIFTY', 'resolution': 'raw'})

    def test_portfolios_have_no_symbol(self) -> None:
        sent = history_request('portfolio', None, None, None, None, 10, 'raw', None)
        self.assertEqual(sent, {'type': 'portfolio', 'limit': 10, 'resolution': 'raw'})

    def test_those_that_cannot_be_used_raise_at_the_call(self) -> None:
        faults: Tuple[Dict[str, Any], ...] = (
            {'from_': date(2026, 11, 23)},
            {'to': 5},
            {'limit': 'ten'},
            {'limit': True},
            {'resolution': None},
            {'cursor': 7},
        )
        for fault in faults:
            with self.subTest(fault):
                self.assertRaises(TypeError, request, **fault)


class Pages(unittest.TestCase):
    def test_lead_to_older_rows_or_with_from_to_newer_ones(self) -> None:
        with FakeGateway(['NIFTY']) as gateway:
            client = gateway.connect(general=False)
            for n in range(1, 26):
                gateway.publish_price('NIFTY', n)
            older = [prices_of(page) for page in client.history_pages('product', 'NIFTY', limit=10)]
            self.assertEqual(older, [list(range(16, 26)), list(range(6, 16)), list(range(1, 6))])
            start = client.history('product', 'NIFTY').rows[0][0]
            newer = [prices_of(page) for page in client.history_pages('product', 'NIFTY', from_=start, limit=20)]
            self.assertEqual(newer, [list(range(1, 21)), list(range(21, 26))])

    def test_say_where_updates_may_be_missing(self) -> None:
        with FakeGateway(['NIFTY']) as gateway:
            client = gateway.connect(general=False)
            told: List[History] = []
            client.on('history', told.append)
            gateway.publish_price('NIFTY', 1)
            page = client.history('product', 'NIFTY')
            self.assertEqual((page.gaps, page.next, page.bars, len(page.rows)), ((0,), None, None, 1))
            gateway.settle()
            self.assertEqual(told, [page])

    def test_have_summaries_and_bars(self) -> None:
        with FakeGateway(['NIFTY']) as gateway:
            client = gateway.connect(general=False)
            gateway.publish_chain('NIFTY', EXPIRY, pcr_oi=0.9)
            summary = client.history('summary', 'NIFTY')
            self.assertEqual((summary.expiry, summary.records()[0]['pcr_oi']), (EXPIRY, 0.9))
            times = [f'2026-11-22T04:{minute:02}:30.000001' for minute in (0, 0, 0, 1)]
            for n, (price, at) in enumerate(zip((3, 1, 2, 5), times)):
                gateway.publish_price('NIFTY', price, timestamp=f'{at[:-6]}{n:06}')
            bars = client.history('product', 'NIFTY', resolution='1m')
            self.assertEqual(bars.bars, (('2026-11-22T04:00:00.000Z', 3, 3, 1, 2, 3), ('2026-11-22T04:01:00.000Z', 5, 5, 5, 5, 1)))
            self.assertIsNone(bars.updates)

    def test_an_opening_is_the_first_chain_of_each_expiry(self) -> None:
        with FakeGateway(['NIFTY']) as gateway:
            client = gateway.connect(general=False)
            self.assertEqual((client.history('opening', 'NIFTY').rows, client.history('opening', 'NIFTY').known), ((), False))
            first = {'strike': 21500, 'open_interest': 51250, 'last': 231.4}
            put = {'strike': 21600, 'last': 266.8}
            gateway.publish_chain('NIFTY', EXPIRY, calls=[first, {**first, 'open_interest': 1}], puts=[put])
            gateway.publish_chain('NIFTY', EXPIRY, calls=[{**first, 'open_interest': 2}], puts=[put])
            gateway.publish_chain('NIFTY', LATER, calls=[{**first, 'open_interest': 3}])
            (opening,) = client.history_pages('opening', 'NIFTY')
            self.assertEqual((opening.type, opening.expiry, opening.resolution, opening.next, opening.gaps), ('opening', EXPIRY, 'raw', None, ()))
            self.assertEqual(opening.columns, ('timestamp', 'strike', 'call_open_interest', 'call_last', 'put_open_interest', 'put_last'))
            time = opening.rows[0][0]
            self.assertEqual(opening.rows, ((time, 21500, 51250, 231.4, None, None), (time, 21600, None, None, None, 266.8)))
            self.assertLess(time, client.snapshot('chain', 'NIFTY', EXPIRY).updates[0].timestamp)
            self.assertEqual(client.history('opening', 'NIFTY', LATER).records()[0]['call_open_interest'], 3)
            gateway.lose_history()
            self.assertEqual(client.history('opening', 'NIFTY').rows, ())
            gateway.publish_chain('NIFTY', EXPIRY, calls=[{**first, 'open_interest': 4}])
            self.assertEqual(client.history('opening', 'NIFTY').records()[0]['call_open_interest'], 4)

    def test_refusals_are_raised(self) -> None:
        with FakeGateway(['NIFTY'], limits={'history_seconds': 0}) as gateway:
            client = gateway.connect(general=False)
            with self.assertRaises(RequestError) as caught:
                client.history('product', 'NIFTY')
            self.assertEqual(caught.exception.code, 'HISTORY_UNAVAILABLE')
        with FakeGateway(['NIFTY']) as gateway:
            client = gateway.connect(general=False)
            for fault, code in (({'limit': 0}, 'INVALID_PAGE'), ({'expiry': EXPIRY}, 'INVALID_EXPIRY'), ({'cursor': 'x'}, 'INVALID_PAGE')):
                with self.subTest(fault), mistakes(), self.assertRaises(RequestError) as caught:
                    client.history('product', 'NIFTY', **fault)  # type: ignore[arg-type]
                self.assertEqual(caught.exception.code, code)


class OfSubscriptions(unittest.TestCase):
    def test_are_of_their_product_or_chain(self) -> None:
        with FakeGateway(['NIFTY', 'AAPL']) as gateway:
            client = gateway.connect(general=False)
            nifty = client.subscribe('product', 'NIFTY').ready(5)
            for n in (1, 2, 3):
                gateway.publish_price('NIFTY', n)
            gateway.publish_chain('NIFTY', EXPIRY, pcr_oi=0.9)
            gateway.publish_chain('NIFTY', LATER, pcr_oi=0.7)
            self.assertEqual(prices_of(nifty.history(limit=2)), [2, 3])
            self.assertEqual([prices_of(page) for page in nifty.history_pages(limit=2)], [[2, 3], [1]])
            self.assertEqual(nifty.history(resolution='5m').columns[1:], ('open', 'high', 'low', 'close', 'count'))
            chains = {
                None: client.subscribe('chain', 'NIFTY').history(),
                EXPIRY: client.subscribe('chain', 'NIFTY', EXPIRY).history(),
                LATER: client.subscribe('chain', 'NIFTY').history(expiry=LATER),
            }
            self.assertEqual([page.type for page in chains.values()], ['summary'] * 3)
            self.assertEqual([page.records()[0]['pcr_oi'] for page in chains.values()], [0.9, 0.9, 0.7])

    def test_need_a_symbol_if_there_are_several_products(self) -> None:
        with FakeGateway(['NIFTY', 'AAPL']) as gateway:
            client = gateway.connect(general=False)
            both = client.subscribe('product', ['NIFTY', 'AAPL']).ready(5)
            gateway.publish_price('AAPL', 5)
            self.assertEqual(prices_of(both.history('AAPL')), [5])
            general = client.subscribe('general')
            for call in (both.history, both.history_pages, general.history, general.history_pages):
                self.assertRaisesRegex(ValueError, 'pass the symbol', call)


class PagesAsync(unittest.IsolatedAsyncioTestCase):
    async def test_lead_to_older_rows(self) -> None:
        async with FakeGateway(['NIFTY']) as gateway:
            client = await gateway.connect_async(general=False)
            for n in range(1, 6):
                gateway.publish_price('NIFTY', n)
            pages = [prices_of(page) async for page in client.history_pages('product', 'NIFTY', limit=2)]
            self.assertEqual(pages, [[4, 5], [2, 3], [1]])
            self.assertEqual(prices_of(await client.history('product', 'NIFTY')), [1, 2, 3, 4, 5])
            nifty = await client.subscribe('product', 'NIFTY')
            self.assertEqual(prices_of(await nifty.history(limit=2)), [4, 5])
            self.assertEqual([prices_of(page) async for page in nifty.history_pages(limit=3)], [[3, 4, 5], [1, 2]])


class WithoutPandas(unittest.TestCase):
    def test_to_frame_says_what_to_install(self) -> None:
        page = read(History, {'type': 'product', 'symbol': 'NIFTY', 'columns': ['timestamp', 'price'], 'updates': []})
        with mock.patch.dict('sys.modules', {'pandas': None}), self.assertRaisesRegex(ImportError, r'python\[pandas\]'):
            page.to_frame()
