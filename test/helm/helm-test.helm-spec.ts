import { NGINX, read, Rendered, type Values } from './support/chart.js';

describe('helm test', () => {
  it('runs the handshake check that the same image contains', () => {
    const rendered = Rendered.from();
    const { metadata, spec } = rendered.one('Pod');
    expect(metadata.annotations).toMatchObject({ 'helm.sh/hook': 'test' });
    expect(spec.restartPolicy).toBe('Never');
    expect(spec.containers[0]).toMatchObject({
      image: rendered.container.image,
      command: ['node', 'scripts/handshake-check.mjs'],
      args: [
        '--url=http://r-socket-gateway:80',
        '--ways=websocket,plain-websocket,sse,rest',
        '--symbol=NIFTY',
        '--expect=data',
        '--timeout=45',
      ],
    });
    expect(read('Dockerfile')).toContain('COPY --from=build /app/scripts scripts');
    expect(read('.dockerignore')).toContain('!scripts/handshake-check.mjs');
  });

  it('tries each transport, and the HTTP API, if they are enabled', () => {
    const waysIn = (values: Values) =>
      Rendered.from(values)
        .one('Pod')
        .spec.containers[0].args?.find((arg) => arg.startsWith('--ways='));
    expect(waysIn(NGINX)).toBe('--ways=polling,websocket,plain-websocket,sse,rest');
    expect(waysIn({ 'plainWebSocket.enabled': false })).toBe('--ways=websocket,sse,rest');
    expect(waysIn({ 'sse.enabled': false })).toBe('--ways=websocket,plain-websocket,rest');
    expect(waysIn({ 'config.REST_API': false })).toBe('--ways=websocket,plain-websocket,sse');
    expect(waysIn({ 'config.REST_API': 'false' })).toBe('--ways=websocket,plain-websocket,sse');
  });

  it('sends a token if there is one, and otherwise expects to be rejected', () => {
    const withToken = Rendered.from(NGINX).one('Pod').spec.containers[0];
    expect(withToken.env).toEqual([
      { name: 'CHECK_TOKEN', valueFrom: { secretKeyRef: { name: 'gateway-test', key: 'token' } } },
    ]);
    expect(withToken.args.join(' ')).not.toContain('refusal');
    const without = Rendered.from({
      'config.AUTH_MODE': 'required',
      'secrets.SECRET_KEY.existingSecret': 'a',
      'secrets.JWT_SECRET.existingSecret': 'a',
    });
    expect(without.one('Pod').spec.containers[0].args).toContain('--expect-refusal=AUTH_REQUIRED');
  });
});
