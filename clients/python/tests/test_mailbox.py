from __future__ import annotations

import unittest

from deltastream_socket_client.mailbox import Mailbox


class MailboxTest(unittest.TestCase):
    def test_keeps_the_newest_of_each_key_in_the_order_of_the_keys(self) -> None:
        mailbox: Mailbox[int] = Mailbox()
        for n in range(1000):
            mailbox.put(n % 3, n)
        self.assertEqual([mailbox.take() for _ in range(3)], [999, 997, 998])
        self.assertEqual(mailbox.dropped, 997)
        self.assertRaises(KeyError, mailbox.take)

    def test_is_bounded_where_nothing_has_a_key(self) -> None:
        mailbox: Mailbox[int] = Mailbox(limit=5)
        for n in range(100):
            mailbox.put(None, n)
        self.assertEqual([mailbox.take() for _ in range(len(mailbox))], [95, 96, 97, 98, 99])

    def test_takes_nothing_more_once_it_has_ended(self) -> None:
        told = []
        mailbox: Mailbox[int] = Mailbox(lambda: told.append(1))
        mailbox.put('a', 1)
        mailbox.end(ValueError())
        mailbox.end()
        mailbox.put('b', 2)
        self.assertEqual((len(mailbox), len(told), type(mailbox.error)), (1, 2, ValueError))
