import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, copyFile, lchown, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { temporaryFolder } from '../temporary-folder.js';
import { BASE_IMAGES, type ImageConfig } from './base-images.js';
import { BuildContext } from './build-context.js';
import {
  commandOf,
  type Dockerfile,
  expand,
  type Instruction,
  parseDockerfile,
  parsePairs,
  type Stage,
  type Variables,
} from './dockerfile.js';
import { makeNpmSettings, type NpmSettings } from './npm-settings.js';
import { identityOf, runStep } from './sandbox.js';

export interface Image {
  /** The file system of the image, as a folder. */
  readonly root: string;
  readonly config: ImageConfig;
}

interface Building {
  readonly root: string;
  config: ImageConfig;
  /** The ARGs declared so far. */
  args: Variables;
}

/**
 * Builds the images of a folder's Dockerfile into folders, by its own instructions. It does what
 * `docker build` does, without layers.
 */
export class ImageBuilder {
  private readonly dockerfile: Dockerfile;
  private readonly context: BuildContext;
  private readonly built = new Map<string, Promise<Image>>();

  constructor(folder: string) {
    this.dockerfile = parseDockerfile(readFileSync(join(folder, 'Dockerfile'), 'utf8'));
    this.context = new BuildContext(folder);
  }

  /**
   * Builds the last stage and the stages it needs. `buildArgs` are the arguments of `--build-arg`.
   */
  async build(buildArgs: Variables = {}): Promise<Image> {
    const global: Record<string, string> = {};
    for (const { text } of this.dockerfile.args) {
      const [[name, value]] = parsePairs(text, global) as [[string, string]];
      global[name] = buildArgs[name] ?? value;
    }
    const npm = await makeNpmSettings();
    return this.stage(this.dockerfile.stages.at(-1)!, { global, buildArgs, npm, standing: true });
  }

  /** Removes the stages that these images were built from, because each is a whole file system. */
  async removeStages(...images: readonly Image[]): Promise<void> {
    const kept = new Set(images.map(({ root }) => root));
    for (const { root } of await Promise.all(this.built.values())) {
      if (!kept.has(root)) await rm(root, { recursive: true, force: true });
    }
    this.built.clear();
  }

  private stage(stage: Stage, given: Given): Promise<Image> {
    // A stage that does not mention a build-arg has the same result with any value.
    const said = Object.entries(given.global).filter(([name]) => JSON.stringify(stage).includes(name));
    const key = JSON.stringify([stage.name, said]);
    const image = this.built.get(key) ?? this.make(stage, given);
    this.built.set(key, image);
    return image;
  }

  private named(name: string): Stage | undefined {
    return this.dockerfile.stages.find((stage) => stage.name === name);
  }

  private async make(stage: Stage, given: Given): Promise<Image> {
    // Builds the stages in parallel, as BuildKit does, and only those that are needed.
    const sources = new Map<string, Promise<Image>>();
    for (const { flags } of stage.instructions) {
      if (flags.from === undefined) continue;
      const source = this.named(flags.from);
      if (!source) throw new Error(`COPY --from=${flags.from}: there is no such stage`);
      sources.set(flags.from, this.stage(source, { ...given, standing: false }));
    }
    const base = expand(stage.base, given.global);
    const parent = this.named(base);
    const root = await temporaryFolder();
    let config: ImageConfig;
    if (parent) {
      const image = await this.stage(parent, given);
      execFileSync('cp', ['-a', `${image.root}/.`, root]);
      config = image.config;
    } else {
      const image = BASE_IMAGES[base];
      if (!image) throw new Error(`FROM ${base}: nothing stands in for it here`);
      await image.make(root);
      config = image.config;
    }
    const building: Building = { root, config, args: {} };
    for (const instruction of stage.instructions) await this.execute(building, instruction, sources, given);
    return { root, config: building.config };
  }

  private async execute(
    building: Building,
    { name, flags, text }: Instruction,
    sources: ReadonlyMap<string, Promise<Image>>,
    { global, buildArgs, npm, standing }: Given,
  ): Promise<void> {
    const { root, config } = building;
    const variables = { ...building.args, ...config.env };
    const set = (change: Partial<ImageConfig>) => void (building.config = { ...config, ...change });
    const filled = () => expand(text, variables);
    if (name === 'ARG') {
      const [arg = ''] = text.split('=');
      const byDefault = text.includes('=') ? parsePairs(text, variables)[0]![1] : (global[arg] ?? '');
      building.args = { ...building.args, [arg]: buildArgs[arg] ?? byDefault };
    } else if (name === 'ENV')
      set({ env: { ...config.env, ...Object.fromEntries(parsePairs(text, variables)) } });
    else if (name === 'LABEL')
      set({ labels: { ...config.labels, ...Object.fromEntries(parsePairs(text, variables)) } });
    else if (name === 'USER') set({ user: filled() });
    else if (name === 'EXPOSE') set({ exposed: [...config.exposed, ...filled().split(/\s+/)] });
    else if (name === 'STOPSIGNAL') set({ stopSignal: filled() });
    else if (name === 'HEALTHCHECK')
      set({ healthcheck: text === 'NONE' ? [] : commandOf(text.replace(/^CMD\s+/, '')) });
    // The instruction also resets the command of the base, so this stage must set one.
    else if (name === 'ENTRYPOINT') set({ entrypoint: commandOf(text), command: [] });
    else if (name === 'CMD') set({ command: commandOf(text) });
    else if (name === 'WORKDIR') {
      set({ folder: posix.resolve(config.folder, filled()) });
      await mkdir(join(root, building.config.folder), { recursive: true });
    } else if (name === 'RUN') {
      const machine = standing ? undefined : npm;
      const env = { HOME: '/root', ...building.args, ...config.env, ...machine?.env };
      const identity = identityOf(root, config.user || '0:0');
      if (identity.uid !== 0) throw new Error(`RUN as ${config.user} is not known here`);
      await runStep({ root, folder: config.folder, env, command: commandOf(text) }, machine?.folder);
    } else if (name === 'COPY') {
      const source = flags.from === undefined ? undefined : await sources.get(flags.from);
      await this.copy(building, filled().split(/\s+/), flags, source);
    } else throw new Error(`Dockerfile: ${name} is not known here`);
  }

  private async copy(
    { root, config }: Building,
    words: readonly string[],
    flags: Instruction['flags'],
    stage: Image | undefined,
  ): Promise<void> {
    const origins = words.slice(0, -1);
    const last = words.at(-1)!;
    const into = join(root, posix.resolve(config.folder, last));
    const intoFolder = last.endsWith('/') || last === '.' || origins.length > 1;
    const owner = flags.chown === undefined ? undefined : identityOf(root, flags.chown);
    const made: string[] = [];
    for (const origin of origins) {
      if (stage) {
        const from = join(stage.root, posix.resolve('/', origin));
        if (!existsSync(from)) throw new Error(`COPY ${origin}: the stage does not make it`);
        const folder = statSync(from).isDirectory();
        const to = !folder && intoFolder ? join(into, basename(from)) : into;
        await mkdir(folder ? to : dirname(to), { recursive: true });
        execFileSync('cp', ['-a', folder ? `${from}/.` : from, to]);
        made.push(to);
        continue;
      }
      for (const file of this.context.files(origin)) {
        const whole = statSync(join(this.context.folder, origin)).isFile();
        const inside = posix.relative(origin, file);
        const to = whole ? (intoFolder ? join(into, basename(file)) : into) : join(into, inside);
        await mkdir(dirname(to), { recursive: true });
        await copyFile(join(this.context.folder, file), to);
        await lchown(to, 0, 0);
        made.push(to);
      }
    }
    for (const path of made) {
      if (owner) execFileSync('chown', ['-hR', `${owner.uid}:${owner.gid}`, path]);
      if (flags.chmod !== undefined) await chmod(path, Number.parseInt(flags.chmod, 8));
    }
  }
}

interface Given {
  readonly global: Variables;
  readonly buildArgs: Variables;
  readonly npm: NpmSettings;
  /**
   * Whether the image is based on this stage. Its steps then get no settings of this machine,
   * because those would hide missing ones.
   */
  readonly standing: boolean;
}
