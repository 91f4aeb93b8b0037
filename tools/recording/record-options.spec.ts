import { UsageError } from '../simulator/arguments.js';
import { parseRecordOptions, type RecordOptions } from './record-options.js';

const parse = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  parseRecordOptions(args, env) as RecordOptions;

describe('parseRecordOptions', () => {
  it('records the default Redis, up to a size', () => {
    const { file, durationSeconds, maxBytes, config } = parse(['day.jsonl']);
    expect({ file, durationSeconds, maxBytes }).toEqual({
      file: 'day.jsonl',
      durationSeconds: undefined,
      maxBytes: 1e9,
    });
    expect(config).toMatchObject({ redisUrl: 'redis://localhost:6379/0', channelPrefix: '' });
  });

  it.each(['rediss://cache:6380/2', 'redis+sentinel://a,b:2/main', 'redis+cluster://a:1,b:2'])(
    'takes %s from the environment or the argument',
    (url) => {
      expect(parse(['f'], { REDIS_URL: url }).config.redisUrl).toBe(url);
      expect(parse(['f', '--redis', url], { REDIS_URL: 'redis://other' }).config.redisUrl).toBe(url);
    },
  );

  it("takes the gateway's settings of Redis, and ignores its others", () => {
    const env = { REDIS_URL: 'redis://cache', REDIS_PASSWORD: 'hunter2', CHANNEL_PREFIX: 'b:', PORT: 'bad' };
    expect(parse(['f'], env).config).toMatchObject({ redisPassword: 'hunter2', channelPrefix: 'b:' });
    const other = parse(['f', '--redis', 'redis://other'], env).config;
    expect(other).toMatchObject({ redisPassword: undefined, channelPrefix: 'b:' });
  });

  it.each([
    [[], 'One file to write is needed'],
    [['a', 'b'], 'One file to write is needed'],
    [['f', '--duration', '0'], '--duration must be a number'],
    [['f', '--max-size', 'much'], '--max-size must be a number'],
    [['f', '--bogus'], "Unknown option '--bogus'; --help lists the options."],
    [['f', '--redis', 'http://:secret@host'], 'REDIS_URL'],
  ])('rejects %j with one sentence', (args, problem) => {
    expect(() => parse(args)).toThrow(UsageError);
    expect(() => parse(args)).toThrow(problem);
    expect(() => parse(args)).not.toThrow(/secret/);
  });
});
