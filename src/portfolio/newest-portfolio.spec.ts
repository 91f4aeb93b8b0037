import { JsonPayload, type PortfolioUpdate } from '../contract/index.js';
import { NewestPortfolio } from './newest-portfolio.js';
import type { PortfolioMessage } from './portfolio-message.js';

const SECOND_US = 1_000_000;

const message = (seconds: number, text = `${seconds}`, processedSeconds = seconds): PortfolioMessage => ({
  time: seconds * SECOND_US,
  processedTime: processedSeconds * SECOND_US,
  payload: new JsonPayload<PortfolioUpdate>(text, 'portfolio'),
});

let newest: NewestPortfolio;
beforeEach(() => (newest = new NewestPortfolio(5_000)));

const live = (...messages: PortfolioMessage[]): string[] => messages.map((one) => newest.offerLive(one));

it('takes what is newer, and of one time what differs', () => {
  expect(live(message(10), message(9), message(10), message(10, 'other'), message(11))).toEqual([
    'newest',
    'older',
    'repeated',
    'newest',
    'newest',
  ]);
  expect(newest.payload?.text).toBe('11');
});

it('accepts the time of a producer whose clock was set back, after several newer ones over some seconds', () => {
  live(message(1_000));
  expect(live(message(10), message(12), message(14), message(16))).toEqual([
    'older',
    'older',
    'older',
    'newest',
  ]);
});

it('does not accept messages that are merely late', () => {
  live(message(1_000));
  expect(live(message(20), message(10), message(18), message(12), message(16))).toEqual(
    Array.from({ length: 5 }, () => 'older'),
  );
});

it('takes from the store only what is newer', () => {
  live(message(10));
  expect(newest.offerStored(message(9))).toBe('older');
  expect(newest.offerStored(message(10, 'other'))).toBe('older');
  expect(newest.offerStored(message(11))).toBe('newest');
});

it('after it was forgotten, the last one is restored, but no older one is taken or sent again', () => {
  live(message(10));
  newest.forget();
  expect(newest.offerStored(message(9))).toBe('older');
  expect(newest.payload).toBeUndefined();
  expect(live(message(10))).toEqual(['repeated']);
  expect(newest.offerStored(message(10))).toBe('restored');
  expect(newest.payload?.text).toBe('10');
});

it('takes nothing from the store that is older than what a client had', () => {
  newest.notBefore(10 * SECOND_US);
  expect(newest.offerStored(message(9))).toBe('older');
  expect(newest.offerStored(message(10))).toBe('restored');
});
