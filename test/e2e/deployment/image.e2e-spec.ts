import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parse } from 'yaml';
import { BuildContext } from '../../support/image/build-context.js';
import { carelessCheckout } from '../../support/image/careless-checkout.js';
import { parseDockerfile } from '../../support/image/dockerfile.js';
import { type Image, ImageBuilder } from '../../support/image/image-builder.js';
import { Container, type Ended, identityOf, whyNoSandbox } from '../../support/image/sandbox.js';
import { underlying } from '../../support/messages.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { freePort } from '../../support/wait.js';

// There is no Docker engine where these tests run. They carry out the Dockerfile's own instructions
// in a chroot, on substitutes for its base images (support/image/base-images.ts), and run the
// result as Kubernetes would.

const ROOT = join(__dirname, '../../..');
const DISTROLESS = 'gcr.io/distroless/nodejs24-debian12:nonroot';
const MB = 1e6;

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}
interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly hasInstallScript?: true }>>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;
const { packages } = JSON.parse(read('package-lock.json')) as LockFile;

/** Every file and folder under a path, by its path relative to it. */
const contents = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' });

/** The folder of each package in the image's node_modules, by its path in `/app`. */
const packagesOf = ({ root }: Image) =>
  contents(join(root, 'app/node_modules'))
    .filter((path) => path.endsWith(`${sep}package.json`))
    .map((path) => `node_modules/${path.slice(0, -'/package.json'.length)}`)
    .filter((path) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/.test(path));

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly content: string }[];
  readonly licenses?: readonly object[];
}
interface Sbom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: Component; readonly timestamp?: string };
  readonly components: readonly Component[];
}
const sbomOf = ({ root }: Image) => JSON.parse(readFileSync(join(root, 'app/sbom.cdx.json'), 'utf8')) as Sbom;

describe('the build context', () => {
  it('has every source file and nothing else of the folder', () => {
    const context = new BuildContext(ROOT);
    const left = /^tools\/(demo(-options)?|private-redis|free-port)\.ts$|^tools\/(asyncapi|openapi)(\/|$)/;
    for (const folder of ['src', 'tools', 'native']) {
      for (const file of contents(join(ROOT, folder)).map((name) => `${folder}/${name}`)) {
        expect([file, context.ignores(file)]).toEqual([file, file.endsWith('.spec.ts') || left.test(file)]);
      }
    }
    for (const folder of ['web', 'ops']) {
      for (const file of contents(join(ROOT, folder)).map((name) => `${folder}/${name}`)) {
        expect([file, context.ignores(file)]).toEqual([file, file.endsWith('.spec.ts')]);
      }
    }
    for (const file of contents(join(ROOT, 'clients/typescript/src'))) {
      const path = `clients/typescript/src/${file}`;
      expect([path, context.ignores(path)]).toEqual([path, /\.client-spec\.tsx?$/.test(path)]);
    }
    for (const path of [
      '.git',
      '.env',
      '.npmrc',
      'node_modules/ioredis',
      'dist',
      'test/e2e/deployment/image.e2e-spec.ts',
    ]) {
      expect([path, context.ignores(path)]).toEqual([path, true]);
    }
  });

  it('needs no package with an install script, because the build runs none', () => {
    const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
    expect(production.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
    const installs = read('Dockerfile').match(/npm (ci|install|i)\b.*/g)!;
    for (const line of installs) expect(line).toMatch(/^npm ci .*--ignore-scripts/);
  });

  it.each(['SHELL ["a"]', 'ADD a b', 'COPY --link a b', 'RUN --mount=type=cache,target=/x y', 'RUN <<EOF'])(
    'the builder of these tests rejects an instruction that it does not support: %s',
    (line) => expect(() => parseDockerfile(`FROM a\n${line}\n`)).toThrow('not known here'),
  );
});

const why = whyNoSandbox();
const whereItCan = why === '' ? describe : describe.skip;

whereItCan(`the image${why && ` (NOT RUN: ${why})`}`, () => {
  let image: Image;
  let withoutShell: Image;
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
    const checkout = await carelessCheckout(ROOT);
    const builder = new ImageBuilder(checkout);
    image = await builder.build({ REVISION: 'f00' });
    withoutShell = await builder.build({ RUNTIME_IMAGE: DISTROLESS });
    await builder.removeStages(image, withoutShell);
  }, 600_000); // two `npm ci` and a compilation, possibly on a busy machine

  async function start(from: Image, settings: Record<string, string> = {}, access?: 'ro' | 'rw') {
    const { env, folder, entrypoint, command, user } = from.config;
    const port = await freePort();
    const container = Container.start(
      {
        root: from.root,
        folder,
        env: { ...env, REDIS_URL: redis.url, PORT: `${port}`, DRAIN_TIMEOUT_MS: '500', ...settings },
        command: [...entrypoint, ...command],
      },
      identityOf(from.root, user),
      access,
    );
    const url = `http://127.0.0.1:${port}`;
    await container.until(async () => (await fetch(`${url}/health/ready`)).ok);
    return { container, url };
  }

  describe('the configuration of the image', () => {
    it('starts node itself, as an unprivileged numeric user', () => {
      expect(image.config).toMatchObject({
        user: '1000:1000',
        folder: '/app',
        entrypoint: [],
        command: ['node', 'dist/src/main.js'],
        exposed: ['8002'],
        stopSignal: 'SIGTERM',
        healthcheck: ['node', 'scripts/healthcheck.mjs'],
      });
      expect(image.config.env.NODE_ENV).toBe('production');
    });

    it('has the OCI labels that are true of every build', () => {
      const prefix = 'org.opencontainers.image';
      const labels = {
        [`${prefix}.title`]: 'DeltaStream Socket Gateway',
        [`${prefix}.description`]: expect.stringContaining('Socket.IO'),
        [`${prefix}.vendor`]: 'DeltaStream',
        [`${prefix}.version`]: manifest.version,
        [`${prefix}.revision`]: 'f00',
        [`${prefix}.licenses`]: 'UNLICENSED',
      };
      expect(image.config.labels).toEqual({ ...labels, [`${prefix}.base.name`]: 'node:24-bookworm-slim' });
      expect(withoutShell.config.labels).toEqual({ ...labels, [`${prefix}.revision`]: 'unknown' });
    });

    it('has what the chart expects', () => {
      const values = parse(read('helm/socket-gateway/values.yaml')) as {
        readonly podSecurityContext: { readonly runAsUser: number; readonly runAsGroup: number };
        readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
      };
      const { runAsUser, runAsGroup } = values.podSecurityContext;
      expect(`${runAsUser}:${runAsGroup}`).toBe(image.config.user);
      expect(values.securityContext.readOnlyRootFilesystem).toBe(true);
      // The chart uses the command of the image. With another command, these tests would not cover
      // it.
      expect(read('helm/socket-gateway/templates/deployment.yaml')).not.toMatch(
        /^\s+(command|args|workingDir):/m,
      );
    });
  });

  describe('the files of the image', () => {
    it('are the gateway, its checks and the simulator, without sources, tests and secrets', () => {
      expect(readdirSync(join(image.root, 'app')).sort()).toEqual([
        'dist',
        'node_modules',
        'sbom.cdx.json',
        'scripts',
      ]);
      expect(readdirSync(join(image.root, 'app/scripts')).sort()).toEqual([
        'handshake-check.mjs',
        'healthcheck.mjs',
      ]);
      expect(readdirSync(join(image.root, 'app/dist')).sort()).toEqual([
        'client', // for browsers
        'docs', // the contract's document; its renderer is in node_modules
        'native', // the addon of the fan-out engine
        'node_modules',
        'ops', // the page for operators
        'package.json', // its version is in the metrics
        'src',
        'tools',
        'web', // the live page
      ]);
      const own = contents(join(image.root, 'app')).filter((path) => !path.startsWith('node_modules'));
      expect(
        own.filter((path) =>
          /\.(ts|map)$|\.spec\.|planted|private-redis|demo|tools\/(asyncapi|openapi)/.test(path),
        ),
      ).toEqual([`dist/client/deltastream-client-${manifest.version}.js.map`]); // served with the client
      const all = contents(image.root);
      const unwanted =
        /(^|\/)(\.git|\.env|\.npmrc|\.npm|_cacache|_logs|\.tsbuildinfo|planted)(\/|$)|\.d\.[cm]?ts$/;
      expect(all.filter((path) => unwanted.test(path))).toEqual([]);
    });

    it('include the packages of production, and no other', () => {
      const installed = packagesOf(image);
      expect(installed.filter((path) => packages[path] === undefined || packages[path].dev)).toEqual([]);
      const top = installed.map((path) => path.slice('node_modules/'.length));
      expect(top).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)));
    });

    it('include a bill of materials with exactly the packages of the image', () => {
      const folders = [
        ...packagesOf(image).map((path) => join(image.root, 'app', path)),
        // The build copies its browser bundle, without package.json.
        ...readdirSync(join(image.root, 'app/dist/node_modules/@asyncapi')).map((name) =>
          join(ROOT, 'node_modules/@asyncapi', name),
        ),
      ];
      const present = folders.map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Component;
        return `${name}@${version}`;
      });
      const libraries = sbomOf(image).components.filter(({ type }) => type === 'library');
      expect(libraries.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(
        [...new Set(present)].sort(),
      );
      for (const { name, version, purl, hashes, licenses } of libraries) {
        expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
        expect([name, hashes?.[0]?.content]).toEqual([name, expect.stringMatching(/^[0-9a-f]{128}$/)]);
        // only its licence file names the licence of busboy and streamsearch
        if (!['busboy', 'streamsearch'].includes(name)) expect([name, licenses?.length]).toEqual([name, 1]);
      }
    });

    it('include a bill of materials that names the gateway, its base image and the Node.js of the base', () => {
      const others = (of: Image) => sbomOf(of).components.filter(({ type }) => type !== 'library');
      expect(sbomOf(image)).toMatchObject({
        bomFormat: 'CycloneDX',
        metadata: { component: { name: 'deltastream-socket-gateway', version: manifest.version } },
      });
      const { node } = process.versions;
      expect(others(image)).toEqual([
        expect.objectContaining({ type: 'container', name: 'node:24-bookworm-slim' }),
        expect.objectContaining({
          ...{ type: 'platform', name: 'node', version: node },
          cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
        }),
      ]);
      // The build does not see the Node.js of another base.
      expect(others(withoutShell)).toEqual([
        expect.objectContaining({ type: 'container', name: DISTROLESS }),
      ]);
    });

    it('include a bill of materials that is the same for each build of the same sources', () => {
      const { metadata, ...rest } = sbomOf(image);
      expect(metadata.timestamp).toBeUndefined();
      expect(rest).not.toHaveProperty('serialNumber');
    });

    it('include no package manager', () => {
      const managers = /(^|\/)(npm|npx|yarn|yarnpkg|corepack|pnpm)(-[^/]*)?$/;
      expect(contents(image.root).filter((path) => managers.test(path))).toEqual([]);
    });

    it('belong to root, and everyone may read them but only root may write them', () => {
      const app = join(image.root, 'app');
      const wrong = ['', ...contents(app)].filter((path) => {
        const { uid, gid, mode } = lstatSync(join(app, path));
        const link = (mode & 0o170000) === 0o120000;
        return uid !== 0 || gid !== 0 || (!link && ((mode & 0o022) !== 0 || (mode & 0o004) === 0));
      });
      expect(wrong).toEqual([]);
    });

    it('have the size that docs/docker.md states', () => {
      const bytes = (folder: string) =>
        contents(folder)
          .map((path) => lstatSync(join(folder, path)))
          .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
      const rows = read('docs/docker.md').matchAll(/^\| `\/app\/(\w+)` \| .* \| ([\d.]+) MB \|$/gm);
      const said = new Map([...rows].map(([, folder = '', size]) => [folder, Number(size)]));
      expect([...said.keys()].sort()).toEqual(['dist', 'node_modules', 'scripts']);
      for (const [folder, size] of said) {
        const measured = bytes(join(image.root, 'app', folder)) / MB;
        expect({
          folder,
          measured,
          fits: Math.abs(measured - size) <= Math.max(0.1 * size, 0.1),
        }).toEqual({ folder, measured, fits: true });
      }
    });
  });

  describe('the running image, read-only, as uid 1000, without capabilities', () => {
    let container: Container;
    let url: string;
    beforeAll(async () => ({ container, url } = await start(image)), 60_000);

    it('runs node as process number 1', () => {
      expect(container.commandLine).toEqual(['node', 'dist/src/main.js']);
      expect(container.status('NSpid')).toMatch(/\s1$/);
      for (const ids of ['Uid', 'Gid']) expect(container.status(ids)).toBe('1000\t1000\t1000\t1000');
      expect(container.status('Groups')).toBe('');
      for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
        expect([set, container.status(`Cap${set}`)]).toEqual([set, '0'.repeat(16)]);
      }
      expect(container.status('NoNewPrivs')).toBe('1');
    });

    it.each(Object.keys(TRANSPORTS))('serves a client: %s', async (transport) => {
      const client = await TestClient.connect(url, TRANSPORTS[transport]);
      const symbol = `P-${transport.replaceAll(/\W/g, '')}`;
      expect(await client.ask('subscribe', { type: 'product', symbol })).toMatchObject({ ok: true });
      await redis.client.publish('enriched:underlying', JSON.stringify(underlying(symbol, 7)));
      expect(await client.next('underlying_update')).toMatchObject({ product: symbol, price: 7 });
      client.close();
    });

    it.each(['/health/live', '/health/ready', '/health', '/metrics'])('answers %s', async (path) => {
      expect((await fetch(url + path)).status).toBe(200);
    });

    it('is healthy by its own check until it hangs', async () => {
      const check = () => container.exec(image.config.healthcheck);
      expect(await check()).toEqual({ code: 0, said: '' });
      container.kill('SIGSTOP');
      expect(await check()).toEqual({ code: 1, said: expect.stringContaining('did not answer') });
      container.kill('SIGCONT');
      expect(await check()).toEqual({ code: 0, said: '' });
    });

    it("has the handshake check, for `helm test` in the chart's form and for a health check", async () => {
      const template = read('helm/socket-gateway/templates/tests/handshake.yaml');
      const command = /command: \[(.*)\]/.exec(template)![1]!.split(', ');
      const ok: Ended = { code: 0, said: 'connected, subscribed to product:NIFTY\n' };
      expect(
        await container.exec([...command, `--url=${url}`, '--symbol=NIFTY', '--expect=confirmation']),
      ).toEqual(ok);
      expect(await container.exec(['node', 'scripts/handshake-check.mjs', '--allow-unready'])).toEqual(ok);
      const elsewhere = await container.exec(command, { PORT: `${await freePort()}` });
      expect(elsewhere).toEqual({ code: 1, said: expect.stringContaining('did not answer') });
    });

    it('serves the complete client libraries, including the source maps', async () => {
      const files = [
        ...readdirSync(join(ROOT, 'node_modules/socket.io/client-dist')),
        `deltastream-client-${manifest.version}.js`,
        `deltastream-client-${manifest.version}.js.map`,
      ];
      const answers = await Promise.all(
        files.map(async (file) => [file, (await fetch(`${url}/socket.io/${file}`)).status]),
      );
      expect(answers).toEqual(files.map((file) => [file, 200]));
    });

    it('has the simulator, whose market its clients see', async () => {
      const help = await container.exec(['node', 'dist/tools/feed.js', '--help']);
      expect(help).toEqual({ code: 0, said: expect.stringContaining('--rate') });
      const client = await TestClient.connect(url);
      const feed = await container.exec(['node', 'dist/tools/feed.js', '--rate', '5', '--duration', '1']);
      expect(feed).toEqual({ code: 0, said: expect.stringContaining('Stopped.') });
      await client.next('underlying_update');
      client.close();
    });

    const PLACES = [
      '/',
      '/app',
      '/app/dist/src/main.js',
      '/tmp',
      '/home/node',
      '/root',
      '/run',
      '/dev',
      '/var/tmp',
      '/etc/passwd',
    ];
    /** Tries to write to each path, or to a file in it, and prints the error codes. */
    const WRITE = `const { appendFileSync, statSync } = require('node:fs');
      for (const place of process.argv.slice(1)) {
        try {
          appendFileSync(statSync(place).isDirectory() ? place + '/written' : place, 'x');
          console.log(place, 'written');
        } catch ({ code }) { console.log(place, code); }
      }`;
    const tried = async (at: Container, places: readonly string[]) =>
      (await at.exec(['node', '-e', WRITE, ...places])).said.trim().split('\n');

    it('cannot write anywhere', async () => {
      for (const line of await tried(container, PLACES)) expect(line).toMatch(/ (EROFS|EACCES)$/);
    });

    it('cannot write its own files even if the file system is writable', async () => {
      const { container: lax } = await start(image, {}, 'rw');
      const own = [
        '/app',
        '/app/dist/src/main.js',
        '/app/node_modules',
        '/app/node_modules/ws/index.js',
        '/app/scripts',
      ];
      expect(await tried(lax, own)).toEqual(own.map((place) => `${place} EACCES`));
    });
  });

  it.each([
    ['on Debian', () => image],
    ['without a shell, on the files of a distroless image', () => withoutShell],
  ])('%s: SIGTERM drains the clients, and the process ends with 0', async (_, of) => {
    const { container, url } = await start(of());
    expect(await container.exec(of().config.healthcheck)).toEqual({ code: 0, said: '' });
    expect(await container.exec(['node', 'scripts/handshake-check.mjs'])).toMatchObject({ code: 0 });
    const clients = await Promise.all(
      ['websocket', 'polling'].map((name) => TestClient.connect(url, TRANSPORTS[name])),
    );
    container.kill(of().config.stopSignal as NodeJS.Signals);
    for (const client of clients) {
      expect(await client.next('closing')).toMatchObject({ code: 'DRAINING' });
    }
    const { code, said } = await container.ended();
    expect([code, said]).toEqual([0, expect.stringContaining('"msg"')]);
  });

  it('needs no shell', () => {
    expect(existsSync(join(withoutShell.root, 'bin/sh'))).toBe(false);
    expect(withoutShell.config).toMatchObject({
      entrypoint: [],
      command: image.config.command,
      user: image.config.user,
    });
  });
});
