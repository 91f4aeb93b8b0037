/** One field of a protobuf message: a number, or the bytes of the content. */
type Field = readonly [number: number, value: number | Buffer];

const VARINT = 0;
const LENGTH_DELIMITED = 2;
/** The prefix of each Kubernetes message: `k8s` and a zero. */
const MAGIC_LENGTH = 4;

/**
 * Decodes the Secret in which helm stores a release. It is the only object that helm sends as
 * protobuf. The field numbers are those of Kubernetes' generated.proto (Unknown.raw, Secret,
 * ObjectMeta).
 */
export function secretFrom(message: Buffer) {
  const secret = fieldsOf(inner(fieldsOf(message.subarray(MAGIC_LENGTH)), 2));
  const metadata = fieldsOf(inner(secret, 1));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: inner(metadata, 1).toString(),
      labels: Object.fromEntries(map(metadata, 11).map(([key, value]) => [key, value.toString()])),
    },
    data: Object.fromEntries(map(secret, 2).map(([key, value]) => [key, value.toString('base64')])),
    type: inner(secret, 3).toString(),
  };
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag % 8;
    if (kind !== VARINT && kind !== LENGTH_DELIMITED) throw new Error(`a protobuf field of kind ${kind}`);
    const number = varint();
    if (kind === LENGTH_DELIMITED) at += number;
    fields.push([tag >> 3, kind === VARINT ? number : bytes.subarray(at - number, at)]);
  }
  return fields;
}

function inner(fields: readonly Field[], wanted: number): Buffer {
  const [, value] = fields.find(([number]) => number === wanted) ?? [];
  if (!Buffer.isBuffer(value)) throw new Error(`no protobuf field ${wanted}`);
  return value;
}

function map(fields: readonly Field[], wanted: number): [string, Buffer][] {
  return fields.flatMap(([number, entry]): [string, Buffer][] => {
    if (number !== wanted || !Buffer.isBuffer(entry)) return [];
    const pair = fieldsOf(entry);
    return [[inner(pair, 1).toString(), inner(pair, 2)]];
  });
}
