import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import {
  ClientEvent,
  CLOSINGS,
  CONNECT_ERROR_CODES,
  ERROR_CODES,
  SERVER_EXAMPLES,
  ServerEvent,
  SYMBOL_PATTERN,
} from '../../../src/contract/index.js';
import { type Artefacts, generate, JSON_FILE, YAML_FILE } from '../../../tools/asyncapi/generate.js';
import { takeViolations } from '../../support/contract-check.js';
import { answerProblemOf, DOCUMENT, EVENTS, problemOf, REQUESTS } from '../../support/contract-document.js';
import { PacketCheck } from '../../support/packet-check.js';

const ROOT = join(__dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const { schemas, messages } = DOCUMENT.components;
const schema = (name: string) => schemas[name] as Record<string, unknown>;

describe('the committed document', () => {
  let artefacts: Artefacts;

  beforeAll(async () => {
    // `generate` also runs AsyncAPI's parser, and fails if the parser finds a problem.
    artefacts = await generate(ROOT);
  });

  it.each([JSON_FILE, YAML_FILE])('%s matches the code; if it does not, run `npm run asyncapi`', (file) => {
    expect(read(file)).toBe(artefacts.get(file));
  });
});

it.each(['1.1', '1.2'] as const)('a YAML %s reader reads the same document as a JSON reader', (version) => {
  expect(parseYaml(read(YAML_FILE), { version })).toEqual(DOCUMENT);
});

it('has no schema that is only `true` or `false`, because generators of models fail on them', () => {
  const found: string[] = [];
  const visit = (value: unknown, path: string, inProperties: boolean): void => {
    if (inProperties && typeof value === 'boolean') found.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value))
      visit(item, `${path}/${key}`, path.endsWith('/properties') && !inProperties);
  };
  visit(schemas, '', false);
  expect(found).toEqual([]);
});

it('has every event in both directions, and no other event', () => {
  expect([...REQUESTS].sort()).toEqual(Object.values(ClientEvent).sort());
  expect([...EVENTS].sort()).toEqual([...Object.values(ServerEvent), 'connect_error'].sort());
});

it('has every error code with its meaning', () => {
  expect(schema('ErrorCode')).toMatchObject({
    enum: Object.keys(ERROR_CODES),
    'x-enum-descriptions': ERROR_CODES,
  });
  expect(schema('ConnectErrorCode')).toMatchObject({ enum: CONNECT_ERROR_CODES });
  expect(schema('ClosingCode')).toMatchObject({
    enum: Object.keys(CLOSINGS),
    'x-closings': Object.fromEntries(
      Object.entries(CLOSINGS).map(([code, { closeCode, reconnect }]) => [code, { closeCode, reconnect }]),
    ),
  });
  for (const code of [...Object.keys(ERROR_CODES), ...Object.keys(CLOSINGS)])
    expect(DOCUMENT.info.description).toContain(`| \`${code}\` |`);
});

it('has the version of the package, and the pattern that symbols are checked against', () => {
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  expect(DOCUMENT.info.version).toBe(version);
  expect(schema('ProductSymbol').pattern).toBe(SYMBOL_PATTERN.source);
});

it('has a valid example of every message with a payload', () => {
  for (const { name, payload, examples = [] } of Object.values(messages)) {
    expect([name, examples.length > 0]).toEqual([name, payload !== undefined]);
    for (const example of examples)
      expect([name, problemOf(name, example.payload)]).toEqual([name, undefined]);
  }
});

it('rejects payloads that do not match the schemas', () => {
  expect(problemOf('subscribe', { type: 'product' })).toContain('symbol');
  expect(problemOf('subscribe', { type: 'product', symbol: 'NIFTY', expiry: '2026-11-26' })).toContain(
    'expiry',
  );
  expect(problemOf('subscribe', { type: 'chain', symbol: 'NIFTY', expiry: '2026-02-30' })).toContain('date');
  expect(problemOf('get_snapshot', { type: 'general', symbol: 'NIFTY' })).toContain('type');
  expect(problemOf('subscribed', { room: 'product:NIFTY', message: '', more: 1 })).toContain('additional');
  expect(
    problemOf('underlying_update', { ...SERVER_EXAMPLES.underlying_update[0].payload, more: 1 }),
  ).toBeUndefined();
  expect(answerProblemOf('get_products', { ok: true, rooms: [] })).toContain('products');
});

describe('the packet check for clients', () => {
  const GENERAL = '{"ok":true,"rooms":["general"]}';

  function told(say: (packets: PacketCheck) => void): readonly string[] {
    say(new PacketCheck());
    return takeViolations();
  }

  it.each<[string, (packets: PacketCheck) => void, string]>([
    ['an event', (it) => it.received('2["snapshot",{"room":"general"}]'), "received snapshot: .*'updates'"],
    ['an unknown event', (it) => it.received('2["news",{}]'), 'received news: .* no such event'],
    ['an attachment', (it) => it.received('51-["snapshot",{}]'), 'received something that cannot be read'],
    ['a rejection', (it) => it.received('4{"message":"no"}'), "received connect_error: .*'data'"],
    ['a request', (it) => it.sent('2["subscribe",{"type":"x"}]'), 'sent subscribe, and did not declare it'],
    [
      'an acknowledgement',
      (it) => {
        it.sent('27["get_products"]');
        it.received(`37[${GENERAL}]`);
      },
      "received the acknowledgement of get_products: .*'products'",
    ],
    [
      'an acknowledgement that a poll reads only after later requests',
      (it) => {
        it.sent('0');
        it.sent('20["get_products"]');
        it.received('0{"sid":"x"}');
        it.received(`30[${GENERAL}]`);
      },
      "received the acknowledgement of get_products: .*'products'",
    ],
    [
      'the rejection of a valid request',
      (it) => {
        it.sent('2["subscribe",{"type":"general"}]');
        it.received('2["error",{"code":"INVALID_TYPE","message":"","event":"subscribe"}]');
      },
      'sent subscribe: the gateway refuses as INVALID_TYPE',
    ],
  ])('reports a packet that violates the contract: %s', (_, say, problem) => {
    expect(told(say)).toEqual([expect.stringMatching(problem)]);
  });

  it('accepts valid packets, declared invalid requests, and packets of other namespaces', () => {
    const problems = told((packets) => {
      packets.sent('0{"token":"x"}');
      packets.received('0{"sid":"x"}');
      packets.sent('27["unsubscribe",{"type":"general"}]');
      packets.received(`37[${GENERAL}]`);
      packets.received('4/other,{"message":"Invalid namespace"}');
      packets.contract.sendsInvalid = true;
      packets.sent('2["subscribe",{"type":"x"}]');
      packets.received('2["error",{"code":"INVALID_TYPE","message":"","event":"subscribe"}]');
    });
    expect(problems).toEqual([]);
  });
});

describe('docs/events.md', () => {
  const sections = read('docs/events.md').split(/^### /m).slice(1);
  const examples = sections.flatMap((section) => {
    const names = [...section.split('\n', 1)[0]!.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    const [, json] = /^```json\n([^]*?)^```$/m.exec(section) ?? [];
    return json === undefined ? [] : names.map((name) => ({ name, payload: JSON.parse(json) as unknown }));
  });

  it.each(examples)('has an example of $name that matches the contract', ({ name, payload }) => {
    const known: readonly unknown[] = SERVER_EXAMPLES[name as ServerEvent].map((example) => example.payload);
    if (name === 'unsubscribed') expect(problemOf(name, payload)).toBeUndefined();
    else expect(known).toContainEqual(payload);
  });

  it('has an example of every event', () => {
    expect(examples.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.values(ServerEvent)));
  });
});
