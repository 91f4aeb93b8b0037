import { csvTable, csvText, csvValue } from './csv.js';

it.each([
  ['NIFTY', 'NIFTY'],
  ['', ''],
  ['a,b', '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ['a\r\nb', '"a\r\nb"'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['  =1', "'  =1"],
  ['\r=1', '"\'\r=1"'],
  ['＝1', "'＝1"],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ['2026-11-26', '2026-11-26'],
])('the field of the text %j is %j', (text, field) => {
  expect(csvText(text)).toBe(field);
});

it.each([
  [undefined, ''],
  ['null', ''],
  ['1.50', '1.50'],
  ['-238.6448', '-238.6448'],
  ['12345678901234567890', '12345678901234567890'],
  ['true', 'true'],
  ['"a\\u002cb"', '"a,b"'],
  ['"=1"', "'=1"],
  ['[1,2]', '"[1,2]"'],
  ['{"a":"b"}', '"{""a"":""b""}"'],
])('the field of the JSON value %s is %s', (raw, field) => {
  expect(csvValue(raw)).toBe(field);
});

it('a table ends each line with CR LF, also the last', () => {
  expect(
    csvTable(
      ['a', 'b'],
      [
        ['1', '2'],
        ['', ''],
      ],
    ),
  ).toBe('a,b\r\n1,2\r\n,\r\n');
  expect(csvTable(['a'], [])).toBe('a\r\n');
});
