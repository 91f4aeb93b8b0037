from __future__ import annotations

import unittest

from deltastream_socket_client.order import Order, Verdict
from deltastream_socket_client.timestamps import parse_micros, to_datetime

from .fakes import stamp


class Times(unittest.TestCase):
    def test_are_read_to_the_microsecond_with_and_without_zone_and_fraction(self) -> None:
        whole = parse_micros('2026-11-22T04:43:39')
        assert whole is not None
        self.assertEqual(parse_micros('2026-11-22T04:43:39.000001'), whole + 1)
        self.assertEqual(parse_micros('2026-11-22T04:43:39.5'), whole + 500_000)
        self.assertEqual(parse_micros('2026-11-22T04:43:39.123456789Z'), whole + 123_456)
        self.assertEqual(parse_micros('2026-11-22T10:13:39+05:30'), whole)
        self.assertEqual(parse_micros('2026-11-22T03:43:39-0100'), whole)
        self.assertEqual(to_datetime('2026-11-22T04:43:39').isoformat(), '2026-11-22T04:43:39+00:00')

    def test_that_are_none_are_not_guessed(self) -> None:
        for text in ('', 'now', '2026-02-30T00:00:00', '2026-11-22', None, 5, '2026-11-22T25:00:00', '٢٠٢٦-11-22T04:43:39'):
            self.assertIsNone(parse_micros(text), text)

    def test_with_a_zone_or_a_year_that_no_clock_shows_are_refused(self) -> None:
        for text in ('2026-11-22T04:43:39+99:99', '2026-11-22T04:43:39+05:60', '2026-11-22T04:43:39-1401',
                     '0001-01-01T00:00:00', '0099-12-31T23:59:59Z', '1900-01-01T09:15:00'):
            self.assertIsNone(parse_micros(text), text)
        self.assertIsNotNone(parse_micros('2026-11-22T04:43:39+14:00'))


class OrderTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 0.0
        self.order = Order(lambda: self.now, clock_reset_after=5)

    def judge(self, n: int, key: str = 'NIFTY', signature: object = None) -> Verdict:
        return self.order.judge(key, stamp(n), signature)

    def test_an_older_update_by_a_microsecond_is_dropped(self) -> None:
        self.assertEqual(self.judge(100), Verdict.NEWS)
        self.assertEqual(self.judge(99), Verdict.OLDER)
        self.assertEqual(self.judge(101), Verdict.NEWS)

    def test_each_key_has_an_order_of_its_own(self) -> None:
        self.judge(100)
        self.assertEqual(self.judge(1, 'BANKNIFTY'), Verdict.NEWS)

    def test_the_same_again_is_repeated_and_another_of_the_same_time_is_news(self) -> None:
        self.judge(100, signature=1)
        self.assertEqual(self.judge(100, signature=1), Verdict.REPEATED)
        self.assertEqual(self.judge(100, signature=2), Verdict.NEWS)

    def test_updates_of_one_time_are_ordered_by_when_they_were_processed_if_both_say_so(self) -> None:
        verdicts = [self.judge(5, signature=(stamp(processed), processed)) for processed in (8, 7, 9, 8)]
        self.assertEqual(verdicts, [Verdict.NEWS, Verdict.OLDER, Verdict.NEWS, Verdict.OLDER])
        # From the worker's cache, which does not say it; the gateway knows that it is the newest.
        self.assertEqual(self.judge(5, signature=(stamp(5), 1)), Verdict.NEWS)
        self.assertEqual(self.judge(5, signature=(stamp(10), 1)), Verdict.NEWS)

    def test_a_clock_that_was_set_back_is_followed_after_a_while(self) -> None:
        self.judge(50_000_000)
        verdicts = []
        for second in range(7):
            self.now = second
            verdicts.append(self.judge(1_000_000 * (second + 1)))
        self.assertEqual(verdicts, [Verdict.OLDER] * 5 + [Verdict.NEWS] * 2)

    def test_stragglers_and_copies_never_make_a_new_clock(self) -> None:
        self.judge(50_000_000)
        for second in range(100):
            self.now = second
            self.assertEqual(self.judge(1_000_000), Verdict.OLDER)
        for second in range(100, 200):
            self.now = second
            self.assertEqual(self.judge(49_000_000 - second), Verdict.OLDER)

    def test_news_ends_a_run_of_older_ones(self) -> None:
        self.judge(50_000_000)
        for second in range(100):
            self.now = second
            self.assertEqual(self.judge(1_000 * second + 1), Verdict.OLDER)
            self.assertEqual(self.judge(50_000_001 + second), Verdict.NEWS)

    def test_remembers_a_bounded_number_of_keys(self) -> None:
        order = Order(lambda: 0, max_keys=10)
        for n in range(1000):
            order.judge(n, stamp(n))
        self.assertEqual(len(order), 10)
        self.assertIn(999, order)
