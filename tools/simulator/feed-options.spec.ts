import { UsageError } from './arguments.js';
import { parseDemoOptions } from '../demo-options.js';
import { parseFeedOptions } from './feed-options.js';

const parse = (...args: string[]) => parseFeedOptions(args, {});

describe('parseFeedOptions', () => {
  it('simulates the platform by default', () => {
    expect(parse()).toMatchObject({
      mode: 'simulate',
      ticksPerSecond: 1,
      expiries: 1,
      cache: true,
      scenario: 'normal',
      redisUrl: 'redis://localhost:6379/0',
      products: ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'],
    });
  });

  it('takes the URL from --redis or else from REDIS_URL', () => {
    const env = { REDIS_URL: 'rediss://cache:6380/2' };
    expect(parseFeedOptions([], env)).toMatchObject({ redisUrl: 'rediss://cache:6380/2' });
    expect(parseFeedOptions(['--redis', 'redis://other'], env)).toMatchObject({ redisUrl: 'redis://other' });
  });

  it('takes user and password only for the Redis in REDIS_URL', () => {
    const env = { REDIS_URL: 'redis://cache', REDIS_USERNAME: 'worker', REDIS_PASSWORD: 'hunter2' };
    const given = { redisUsername: 'worker', redisPassword: 'hunter2' };
    expect(parseFeedOptions([], env)).toMatchObject(given);
    expect(parseFeedOptions(['--redis', 'redis://other'], env)).not.toMatchObject(given);
    const twice = { ...env, REDIS_URL: 'redis://:other@cache' };
    expect(() => parseFeedOptions([], twice)).toThrow(UsageError);
    expect(() => parseFeedOptions([], twice)).toThrow(/^REDIS_PASSWORD is "\*\*\*", but REDIS_URL/);
  });

  it("takes the gateway's prefixes for any Redis", () => {
    const env = { REDIS_URL: 'redis://cache', KEY_PREFIX: 'b:', CHANNEL_PREFIX: 'staging:' };
    const given = { keyPrefix: 'b:', channelPrefix: 'staging:' };
    expect(parseFeedOptions([], env)).toMatchObject(given);
    expect(parseFeedOptions(['--redis', 'redis://other'], env)).toMatchObject(given);
    expect(parse()).toMatchObject({ keyPrefix: '', channelPrefix: '' });
    expect(() => parseFeedOptions([], { KEY_PREFIX: 'b*' })).toThrow(UsageError);
  });

  it('reads the simulation', () => {
    const args = [
      '--rate',
      '400',
      '--products',
      'NIFTY, M&M',
      '--chain-bytes',
      '50000',
      '--seed',
      '7',
      '--no-cache',
    ];
    expect(parse(...args, '--duration', '1.5')).toMatchObject({
      ticksPerSecond: 400,
      products: ['NIFTY', 'M&M'],
      chainBytes: 50_000,
      seed: 7,
      cache: false,
      durationSeconds: 1.5,
    });
  });

  it('reads a replay', () => {
    expect(parse('--replay', 'day.jsonl', '--speed', '2', '--loop')).toMatchObject({
      mode: 'replay',
      file: 'day.jsonl',
      speed: 2,
      loop: true,
      keepTimes: false,
      cache: false,
    });
    expect(parse('--replay', 'day.jsonl', '--keep-times')).toMatchObject({ keepTimes: true });
    expect(parse('--replay', 'day.jsonl', '--restamp')).toMatchObject({ keepTimes: false });
  });

  it('reads the faults, for a simulation, a replay and the demo', () => {
    const args = ['--closed', '60:30.5', '--gaps', '20:5', '--set-back', '10:3600', '--reorder', '0.1'];
    const faults = {
      closed: { openMs: 60_000, closedMs: 30_500 },
      gaps: { everyMs: 20_000, forMs: 5000 },
      setBack: { afterMs: 10_000, byMs: 3_600_000 },
      reorder: 0.1,
      redeliver: 0,
    };
    args.push('--redeliver', '0', '--seed', '7');
    expect(parse(...args, '--sparse', '0.2')).toMatchObject({ faults, seed: 7, quotedShare: 0.2 });
    expect(parse('--replay', 'f', ...args)).toMatchObject({ faults, seed: 7 });
    expect(parseDemoOptions([...args, '--sparse', '0.2'])).toEqual({
      faults,
      seed: 7,
      ticksPerSecond: 4,
      strikes: 41,
      ops: false,
      scenario: 'normal',
      quotedShare: 0.2,
    });
    expect(parse()).toMatchObject({ faults: {} });
    expect(parseDemoOptions(['--help'])).toBe('help');
  });

  it('reads the scenario, also of the demo, which has a rate and strikes too', () => {
    expect(parse('--scenario', 'fast')).toMatchObject({ scenario: 'fast' });
    expect(parseDemoOptions(['--scenario', 'halt', '--rate', '50', '--strikes', '500'])).toMatchObject({
      scenario: 'halt',
      ticksPerSecond: 50,
      strikes: 500,
    });
    expect(() => parseDemoOptions(['--scenario', 'slow'])).toThrow(UsageError);
    expect(() => parseDemoOptions(['--rate', '-1'])).toThrow(UsageError);
    expect(() => parseDemoOptions(['--strikes', '501'])).toThrow(UsageError);
  });

  it.each([
    [['--bogus'], "Unknown option '--bogus'; --help lists the options."],
    [['extra'], "Unexpected argument 'extra'"],
    [['--rate', '0'], '--rate must be a number from 0.001 to 10000.'],
    [['--rate', ''], '--rate must be'],
    [['--expiries', '1.5'], '--expiries must be a whole number from 1 to 52.'],
    [['--products', 'NIFTY,,AAPL'], '--products must be'],
    [['--products', 'NIFTY,NIFTY'], '--products must be'],
    [['--chain-bytes', '1000000'], '--chain-bytes must be a whole number from 2000 to 102400.'],
    [['--strikes', '3', '--chain-bytes', '5000'], 'exclude each other'],
    [['--loop'], '--loop needs --replay.'],
    [['--replay', 'f', '--keep-times', '--restamp'], '--restamp and --keep-times exclude each other.'],
    [['--sparse', '2'], '--sparse must be a number from 0 to 1.'],
    [['--replay', 'f', '--sparse', '1'], '--sparse does not go with --replay.'],
    [['--scenario', 'slow'], '--scenario must be one of normal, trend, fast, halt.'],
    [['--replay', 'f', '--scenario', 'fast'], '--scenario does not go with --replay.'],
    [['--reorder', 'x'], '--reorder must be a number from 0 to 1.'],
    [['--gaps', '5'], '--gaps must be two numbers of seconds with a colon between, such as 60:20'],
    [['--gaps', '5:0'], '--gaps must be two numbers'],
    [['--closed', '1:2:3'], '--closed must be two numbers'],
    [['--set-back', ':2'], '--set-back must be two numbers'],
    [['--replay', 'f', '--rate', '2'], '--rate does not go with --replay.'],
  ])('rejects %j with one sentence', (args, problem) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(problem);
  });

  it('does not repeat an invalid URL, because it may contain a password', () => {
    expect(() => parse('--redis', 'http://:secret@host')).toThrow(
      /^--redis must be a URL redis:\/\/ or rediss:\/\/\.$/,
    );
    expect(() => parseFeedOptions([], { REDIS_URL: 'nonsense' })).toThrow(/^REDIS_URL must be/);
  });
});
