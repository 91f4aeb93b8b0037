import type { ChainView } from '@deltastream/socket-client';

/** Three strikes, for specs. The call of the highest strike and the put of the lowest are missing. */
export function chainView(change: Partial<ChainView> = {}): ChainView {
  return {
    product: 'NIFTY',
    expiry: '2026-11-26',
    spot_price: 102,
    pcr_oi: 1,
    pcr_volume: 1,
    max_pain_strike: 110,
    atm_straddle_price: 9,
    timestamp: '2026-11-25T06:15:02.340966',
    view: { mode: 'full' },
    strikes: [90, 100, 110],
    calls: { last: [12.5, 5.25, null], open_interest: [10, 40, null], iv: [0.2, 0.1829, null] },
    puts: { last: [null, 4.5, 11], open_interest: [null, 30, 70], iv: [null, 0, 0.25] },
    ...change,
  };
}
