import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { chmod, chown, copyFile, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The configuration of an image, without its files. */
export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly folder: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly exposed: readonly string[];
  readonly healthcheck: readonly string[];
  readonly stopSignal: string;
}

export interface BaseImage {
  readonly config: ImageConfig;
  /** Copies the image's files into an empty folder. */
  make(root: string): Promise<void>;
}

// These tests cannot reach a registry of images, so they use substitutes: the Node and the Debian
// programs of this machine, at the paths, and with the users, variables and package managers, of
// the real images.

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const NONE = { labels: {}, folder: '/', exposed: [], healthcheck: [], stopSignal: 'SIGTERM' };

const which = (program: string) =>
  realpathSync(execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim());

/** Copies a program and its shared libraries. */
async function install(root: string, program: string, place: string): Promise<void> {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g);
  for (const [from, to] of [
    [program, place] as const,
    ...[...libraries].map(([, path]) => [path!, path!] as const),
  ]) {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await copyFile(from, join(root, to));
  }
}

/**
 * Copies a library of glibc that Node does not need, but addons that were built for an older glibc
 * do. The package libc6 has it, and so the real image.
 */
async function installLibrary(root: string, name: string): Promise<void> {
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  const [, folder = ''] = /(\/\S+)\/libc\.so\.6 \(0x/.exec(libraries) ?? [];
  await copyFile(join(folder, name), join(root, folder, name));
}

async function skeleton(root: string, user: string, uid: number): Promise<void> {
  const folders = [
    'usr/bin',
    'usr/sbin',
    'usr/lib',
    'usr/lib64',
    'usr/local/bin',
    'etc',
    'proc',
    'dev',
    'run',
    'opt',
  ];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
  for (const name of ['root', `home/${user}`, 'tmp', 'var/tmp'])
    await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, 'root'), 0o700);
  await chown(join(root, 'home', user), uid, uid);
  for (const name of ['tmp', 'var/tmp']) await chmod(join(root, name), 0o1777);
  const passwd = `root:x:0:0:root:/root:/bin/sh\n${user}:x:${uid}:${uid}::/home/${user}:/bin/sh\n`;
  await writeFile(join(root, 'etc/passwd'), passwd);
  await writeFile(join(root, 'etc/group'), `root:x:0:\n${user}:x:${uid}:\n`);
  // the sandbox mounts these
  for (const file of ['hosts', 'resolv.conf']) await writeFile(join(root, 'etc', file), '');
  // Not part of the image. The tests drop root with it; Debian has it, but distroless does not.
  await install(root, which('setpriv'), '/usr/bin/setpriv');
}

/**
 * The Debian programs that the steps of the Dockerfile and npm use, and those with which a test
 * inspects the image.
 */
const PROGRAMS = ['sh', 'env', 'rm', 'find', 'chmod', 'mkdir', 'touch', 'ls', 'cat', 'id'];

const slim: BaseImage = {
  config: {
    ...NONE,
    env: { PATH, NODE_VERSION: process.versions.node, YARN_VERSION: '1.22.22' },
    user: '',
    entrypoint: ['docker-entrypoint.sh'],
    command: ['node'],
  },
  async make(root) {
    await skeleton(root, 'node', 1000);
    for (const program of PROGRAMS) await install(root, which(program), `/usr/bin/${program}`);
    await install(root, process.execPath, '/usr/local/bin/node');
    await installLibrary(root, 'librt.so.1');
    await writeFile(join(root, 'usr/local/bin/docker-entrypoint.sh'), '#!/bin/sh\nset -e\nexec "$@"\n', {
      mode: 0o755,
    });
    const modules = 'usr/local/lib/node_modules';
    const npm = dirname(dirname(which('npm')));
    await cp(npm, join(root, modules, 'npm'), { recursive: true, dereference: true });
    for (const name of ['npm', 'npx']) {
      await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
    }
    // Only their paths matter, because nothing in these tests runs them.
    for (const [place, ...names] of [
      [`${modules}/corepack/dist/corepack.js`, 'corepack'],
      ['opt/yarn-v1.22.22/bin/yarn.js', 'yarn', 'yarnpkg'],
    ] as const) {
      await mkdir(dirname(join(root, place)), { recursive: true });
      await writeFile(join(root, place), '', { mode: 0o755 });
      for (const name of names) await symlink(`/${place}`, join(root, 'usr/local/bin', name));
    }
  },
};

const distroless: BaseImage = {
  config: {
    ...NONE,
    env: { PATH, SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' },
    user: '65532',
    folder: '/home/nonroot',
    entrypoint: ['/nodejs/bin/node'],
    command: [],
  },
  async make(root) {
    await skeleton(root, 'nonroot', 65532);
    await install(root, process.execPath, '/nodejs/bin/node');
    const authorities = '/etc/ssl/certs/ca-certificates.crt';
    if (!existsSync(authorities)) return;
    await mkdir(dirname(join(root, authorities)), { recursive: true });
    await copyFile(authorities, join(root, 'etc/ssl/certs', basename(authorities)));
  },
};

export const BASE_IMAGES: Readonly<Record<string, BaseImage>> = {
  'node:24-bookworm-slim': slim,
  'gcr.io/distroless/nodejs24-debian12:nonroot': distroless,
};
