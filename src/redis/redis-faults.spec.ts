import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { describeRedisError, redisFault, RedisFaults } from './redis-faults.js';

describe('describeRedisError', () => {
  it('describes an error without the password', () => {
    expect(describeRedisError(new Error('connect redis://:pw@host failed'))).toBe(
      'connect redis://***@host failed',
    );
  });

  it('includes the causes of an error without a message, as for a host with several addresses', () => {
    const error = new AggregateError([
      new Error('ECONNREFUSED ::1:6379'),
      new Error('ECONNREFUSED 127.0.0.1:6379'),
    ]);
    expect(describeRedisError(error)).toBe('ECONNREFUSED ::1:6379; ECONNREFUSED 127.0.0.1:6379');
  });

  it('includes the error of the last node of a cluster', () => {
    const error = Object.assign(new Error('Failed to refresh slots cache.'), {
      lastNodeError: new Error('WRONGPASS invalid username-password pair'),
    });
    expect(redisFault(error)).toMatchObject({ kind: 'refused_password' });
  });
});

describe('redisFault', () => {
  // These are error texts of Redis 7.0, ioredis 6 and Node.js 20.
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:6379', 'unreachable'],
    ['getaddrinfo ENOTFOUND redis', 'unreachable'],
    ['connect ETIMEDOUT', 'unreachable'],
    ['read ECONNRESET', 'unreachable'],
    ['Connection is closed.', 'unreachable'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'unreachable'],
    ['All sentinels are unreachable. Retrying from scratch after 100ms.', 'unreachable'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'refused_password'],
    ['NOAUTH HELLO must be called with the client already authenticated', 'refused_password'],
    ['NOAUTH Authentication required.', 'refused_password'],
    ["READONLY You can't write against a read only replica. script: 1", 'read_only'],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 1", 'out_of_memory'],
    ['MISCONF Redis is configured to save RDB snapshots', 'writes_refused'],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ['Command timed out', 'timeout'],
    ["Socket timeout. Expecting data, but didn't receive any in 3000ms.", 'timeout'],
    ['NOPERM this user has no permissions to access one of the channels', 'no_permission'],
    ['CLUSTERDOWN The cluster is down', 'cluster_down'],
    ['Failed to refresh slots cache.', 'cluster_down'],
    ['MOVED 3999 127.0.0.1:6381', 'failover'],
    ['Too many Cluster redirections. Last error: ReplyError: MOVED 1 h:1', 'failover'],
    ['self-signed certificate in certificate chain', 'tls'],
    ['received no probe message for 3000 ms', 'silent'],
    ['ERR unknown command', 'other'],
  ])('classifies "%s" as %s', (text, kind) => {
    const fault = redisFault(new Error(text));
    expect(fault.kind).toBe(kind);
    expect(fault.problem).toContain(text);
  });
});

describe('RedisFaults', () => {
  it('reports the cause of a lost connection for a command that finds no connection', () => {
    const faults = new RedisFaults(new RateLimitedLog({ warn: () => undefined }, Date.now));
    faults.connectionFailed('commands', new Error('WRONGPASS invalid'));
    faults.connectionFailed('commands', new Error('the connection is closed'));
    const noConnection = new Error("Stream isn't writeable and enableOfflineQueue options is false");
    expect(faults.commandFailed('commands', noConnection).kind).toBe('refused_password');
    faults.connectionReady('commands');
    expect(faults.commandFailed('commands', noConnection).kind).toBe('unreachable');
  });

  it('counts faults that occurred before the first listener', () => {
    const faults = new RedisFaults(new RateLimitedLog({ warn: () => undefined }, Date.now));
    faults.connectionFailed('feed', new Error('connect ECONNREFUSED'));
    const counted: string[] = [];
    faults.listen((...fault) => counted.push(fault.join()));
    faults.commandFailed('commands', new Error('OOM'));
    expect(counted).toEqual(['feed,unreachable', 'commands,out_of_memory']);
  });
});
