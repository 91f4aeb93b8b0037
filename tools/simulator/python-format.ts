/**
 * Formats values like the platform's Python producers, so that simulated messages look like
 * recorded ones.
 */

export type PythonValue =
  string | number | boolean | null | readonly PythonValue[] | { readonly [field: string]: PythonValue };

/** `repr(float)`: `21500.0`, `0.0001`, `1e-05`, `1e+16`, `NaN`. */
export function pythonFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size >= 1e16 && size !== Infinity) return pythonExponent(value);
  if (Number.isInteger(value)) return `${value}.0`;
  return size < 1e-4 ? pythonExponent(value) : String(value);
}

/** Python writes at least two digits of the exponent, and JavaScript one. */
function pythonExponent(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/**
 * Creates a `json.dumps` with its defaults: the separators `", "` and `": "`, and ASCII only.
 * JavaScript cannot distinguish 21500.0 from 21500, so `floatFields` names the fields whose numbers
 * are Python floats. Keep the function: it remembers every field name it has written, which saves a
 * third of the time on a chain.
 */
export function pythonJsonWriter(floatFields: ReadonlySet<string>): (value: PythonValue) => string {
  const known = new Map<string, { readonly label: string; readonly isFloat: boolean }>();

  const fieldOf = (name: string) => {
    let field = known.get(name);
    if (!field) {
      field = { label: `${pythonString(name)}: `, isFloat: floatFields.has(name) };
      known.set(name, field);
    }
    return field;
  };

  const write = (value: PythonValue, isFloat: boolean): string => {
    if (typeof value === 'number') return isFloat ? pythonFloat(value) : String(value);
    if (typeof value === 'string') return pythonString(value);
    if (value === null || typeof value === 'boolean') return String(value);
    if (isList(value)) {
      let text = '[';
      for (const item of value) text += (text.length > 1 ? ', ' : '') + write(item, isFloat);
      return text + ']';
    }
    let text = '{';
    for (const name in value) {
      const field = fieldOf(name);
      text += (text.length > 1 ? ', ' : '') + field.label + write(value[name]!, field.isFloat);
    }
    return text + '}';
  };

  return (value) => write(value, false);
}

/** `Array.isArray` does not narrow read-only arrays. */
function isList(value: PythonValue): value is readonly PythonValue[] {
  return Array.isArray(value);
}

const PLAIN = /^[ !#-[\]-~]*$/;

function pythonString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * `datetime.isoformat()` of a time in microseconds since the epoch: UTC, without a zone. It always
 * has six fraction digits, although Python omits a fraction of zero, because strings of one length
 * sort by time.
 */
export function pythonTimestamp(micros: number): string {
  const ms = Math.floor(micros / 1000);
  const rest = String(micros - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().slice(0, 23) + rest;
}
