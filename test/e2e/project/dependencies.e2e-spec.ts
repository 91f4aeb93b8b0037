import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from '../../support/command.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ROOT = join(__dirname, '../../..');
const SCRIPT = 'scripts/licenses.mjs';

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}

interface Lock {
  readonly packages: Record<string, Locked>;
}

interface Package {
  readonly workspaces: readonly string[];
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const read = async <T>(path: string) => JSON.parse(await readFile(join(ROOT, path), 'utf8')) as T;

async function licenses(root = ROOT): Promise<{ code: number | null; said: string }> {
  const command = Command.spawn(process.execPath, [join(root, SCRIPT)], { cwd: root });
  return { code: await command.exit(), said: command.output };
}

it('docs/dependencies.md lists every production package with its version and licence, and no other', async () => {
  const text = await readFile(join(ROOT, 'docs/dependencies.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `([^`]+)` \| (\d[^ |]*) \| ([^ |]+) \| .{10,} \|$/gm)];
  const { dependencies } = await read<Package>('package.json');
  const { packages } = await read<Lock>('package-lock.json');
  const actual = Object.entries(dependencies).map(([name, version]) => {
    const locked = packages[`node_modules/${name}`];
    expect(locked?.version).toBe(version); // an exact version, not a range
    return [name, version, locked?.license];
  });
  expect(documented.map(([, name, version, licence]) => [name, version, licence])).toEqual(actual);
});

it('docs/dependencies.md lists every development package', async () => {
  const text = await readFile(join(ROOT, 'docs/dependencies.md'), 'utf8');
  const [, table = ''] = text.split('For development only:');
  const documented = [...table.matchAll(/^\| (`.*`) \| .+ \|$/gm)].flatMap(([, names = '']) =>
    names.split(', ').map((name) => name.replaceAll('`', '')),
  );
  const { devDependencies } = await read<Package>('package.json');
  expect(documented.sort()).toEqual(Object.keys(devDependencies).sort());
});

it('the lock file has a digest for every package, and names no registry', async () => {
  const { packages } = await read<Lock>('package-lock.json');
  const { workspaces } = await read<Package>('package.json');
  const links = Object.values(packages).filter(({ link }) => link);
  expect(links.map(({ resolved }) => resolved)).toEqual(workspaces);
  const own = new Set(['', ...workspaces]);
  const entries = Object.entries(packages).filter(([path, { link }]) => !own.has(path) && !link);
  expect(entries.length).toBeGreaterThan(100);
  expect(entries.filter(([, { integrity = '' }]) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([]);
  expect(entries.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

describe('npm run licenses', () => {
  it('lists the packages of a production installation, and reports no problem', async () => {
    const { code, said } = await licenses();
    const { dependencies } = await read<Package>('package.json');
    for (const [name, version] of Object.entries(dependencies)) expect(said).toContain(`${name} ${version} `);
    expect(said).not.toMatch(/^(jest|typescript) /m);
    // only its licence file names the licence, in an old form
    expect(said).toMatch(/^busboy \S+ MIT$/m);
    expect(said).toMatch(/^\d{3} packages, 0 refused$/m);
    expect(code).toBe(0);
  });

  it.each([
    ['GPL-3.0', 1],
    ['(MIT OR GPL-3.0)', 0],
    ['MIT AND GPL-3.0', 1],
    ['GPL-3.0 AND (MIT OR ISC)', 1],
    ['SEE LICENSE IN LICENSE', 1],
    [undefined, 1],
  ])('exits for a package under %s with %d', async (license, code) => {
    const root = await temporaryFolder();
    await cp(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
    const packages = {
      '': {},
      'node_modules/fine': { version: '1.0.0', license: 'MIT' },
      'node_modules/fine/node_modules/@some/thing': { version: '2.0.0', license },
      'node_modules/tool': { version: '3.0.0', license: 'GPL-3.0', dev: true },
      'clients/own': { name: '@own/client', version: '1.0.0', license: 'UNLICENSED' },
      'node_modules/@own/client': { resolved: 'clients/own', link: true },
    };
    await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages }));
    const result = await licenses(root);
    expect(result.code).toBe(code);
    expect(result.said).toContain(`2 packages, ${code} refused`);
    if (code) expect(result.said).toContain(`@some/thing 2.0.0 is under "${license ?? 'none named'}"`);
  });
});
