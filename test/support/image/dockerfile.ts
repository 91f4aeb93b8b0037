/**
 * The instructions that this builder supports. It rejects everything else, because a skipped
 * instruction would not be tested.
 */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  FROM: [],
  ARG: [],
  ENV: [],
  LABEL: [],
  WORKDIR: [],
  COPY: ['from', 'chown', 'chmod'],
  RUN: [],
  USER: [],
  EXPOSE: [],
  STOPSIGNAL: [],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'retries'],
  ENTRYPOINT: [],
  CMD: [],
};

export interface Instruction {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  /** The text after the flags, unchanged. */
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  /** The base of FROM, before variables are substituted. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** The ARGs before the first FROM. */
  readonly args: readonly Instruction[];
  readonly stages: readonly Stage[];
}

export type Variables = Readonly<Record<string, string>>;

function parseInstruction(line: string): Instruction {
  const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
  const known = FLAGS[name];
  if (known === undefined) throw new Error(`Dockerfile: "${line}" is not known here`);
  if (/<<-?["']?\w/.test(rest)) throw new Error(`Dockerfile: here-documents are not known here: "${line}"`);
  const flags: Record<string, string> = {};
  let text = rest;
  for (let match; (match = /^--([\w-]+)(?:=(\S*))?\s+/.exec(text)); text = text.slice(match[0].length)) {
    const [, flag = '', value = ''] = match;
    if (!known.includes(flag)) throw new Error(`Dockerfile: ${name} --${flag} is not known here`);
    flags[flag] = value;
  }
  return { name, flags, text: text.trim() };
}

export function parseDockerfile(text: string): Dockerfile {
  if (/^#\s*escape\s*=/im.test(text)) throw new Error('Dockerfile: the directive `escape` is not known here');
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const args: Instruction[] = [];
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of lines.map((line) => parseInstruction(line.trim()))) {
    if (instruction.name === 'FROM') {
      const [, base = '', name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.text) ?? [];
      if (base === '') throw new Error(`Dockerfile: "FROM ${instruction.text}" is not known here`);
      stages.push({ name: name ?? `${stages.length}`, base, instructions: [] });
    } else if (stages.length > 0) stages.at(-1)!.instructions.push(instruction);
    else if (instruction.name === 'ARG') args.push(instruction);
    else throw new Error(`Dockerfile: ${instruction.name} before the first FROM`);
  }
  if (stages.length === 0) throw new Error('Dockerfile: it has no FROM');
  return { args, stages };
}

/**
 * Substitutes `$X` and `${X}`, and rejects Docker's other forms. Unset variables are empty, as in
 * Docker.
 */
export function expand(text: string, variables: Variables): string {
  return text.replace(
    /\$(?:\{(\w+)([^}]*)\}|(\w+))/g,
    (found, braced?: string, more?: string, bare?: string) => {
      if (more) throw new Error(`Dockerfile: "${found}" is not known here`);
      return variables[braced ?? bare ?? ''] ?? '';
    },
  );
}

/** Parses words in the form of ENV and LABEL: `key=value key="a value"`. */
export function parsePairs(text: string, variables: Variables): [string, string][] {
  const words = text.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw new Error(`Dockerfile: "${word}" is not key=value`);
    return [word.slice(0, at), expand(word.slice(at + 1).replaceAll('"', ''), variables)];
  });
}

/** A command in Docker's form. The shell form runs in a shell. */
export function commandOf(text: string): readonly string[] {
  return text.startsWith('[') ? (JSON.parse(text) as string[]) : ['/bin/sh', '-c', text];
}
