from __future__ import annotations

import unittest

from deltastream_socket_client.conflating_queue import ConflatingQueue


class ConflatingQueueTest(unittest.TestCase):
    def test_keeps_the_newest_of_each_key_in_the_order_of_the_keys(self) -> None:
        queue: ConflatingQueue[int] = ConflatingQueue()
        for n in range(1000):
            queue.put(n % 3, n)
        self.assertEqual([queue.take() for _ in range(3)], [999, 997, 998])
        self.assertEqual(queue.dropped, 997)
        self.assertRaises(KeyError, queue.take)

    def test_is_bounded_even_if_no_item_has_a_key(self) -> None:
        queue: ConflatingQueue[int] = ConflatingQueue(limit=5)
        for n in range(100):
            queue.put(None, n)
        self.assertEqual([queue.take() for _ in range(len(queue))], [95, 96, 97, 98, 99])

    def test_discards_the_item_of_a_key(self) -> None:
        queue: ConflatingQueue[int] = ConflatingQueue()
        queue.put('a', 1)
        queue.put('b', 2)
        for key in ('a', 'c'):
            queue.discard(key)
        self.assertEqual((len(queue), queue.take()), (1, 2))

    def test_takes_nothing_more_once_it_has_ended(self) -> None:
        told = []
        queue: ConflatingQueue[int] = ConflatingQueue(lambda: told.append(1))
        queue.put('a', 1)
        queue.end(ValueError())
        queue.end()
        queue.put('b', 2)
        self.assertEqual((len(queue), len(told), type(queue.error)), (1, 2, ValueError))
