import fc from 'fast-check';
import { rawItems, rawMembers } from './raw-json.js';

describe('rawMembers', () => {
  it('keeps each value to the letter', () => {
    const text =
      ' { "a" : 1.50 ,\n"b":"x,\\"}y\\\\", "c":[ {"d":"]"} , 2 ],"e":{},"f":-1E+9 , "g":null, "h":12345678901234567890}';
    expect([...rawMembers(text)]).toEqual([
      ['a', '1.50'],
      ['b', '"x,\\"}y\\\\"'],
      ['c', '[ {"d":"]"} , 2 ]'],
      ['e', '{}'],
      ['f', '-1E+9'],
      ['g', 'null'],
      ['h', '12345678901234567890'],
    ]);
  });

  it('reads an empty object', () => {
    expect(rawMembers(' { } ').size).toBe(0);
  });

  it('uses the last of two members with the same name, also if one is escaped', () => {
    expect([...rawMembers('{"a":1,"\\u0061":2}')]).toEqual([['a', '2']]);
  });
});

describe('rawItems', () => {
  it('keeps each item to the letter', () => {
    expect(rawItems(' [ 1.0, "a]" ,[2, 3],{"b":[]} , true ] ')).toEqual([
      '1.0',
      '"a]"',
      '[2, 3]',
      '{"b":[]}',
      'true',
    ]);
    expect(rawItems('[ ]')).toEqual([]);
  });
});

const indents = fc.constantFrom(undefined, 1, '\t');

it('reads what JSON.parse reads, of any JSON', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), indents, (object, indent) => {
      const members = rawMembers(JSON.stringify(object, null, indent));
      const parsed = [...members].map(([name, value]): [string, unknown] => [name, JSON.parse(value)]);
      expect(parsed).toEqual(Object.entries(JSON.parse(JSON.stringify(object)) as object));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), indents, (array, indent) => {
      const items = rawItems(JSON.stringify(array, null, indent)).map((item) => JSON.parse(item) as unknown);
      expect(items).toEqual(JSON.parse(JSON.stringify(array)));
    }),
  );
});
