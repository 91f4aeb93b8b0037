/**
 * Parses the samples of a text in Prometheus' exposition format, by name and labels. Throws if the
 * format is violated.
 */
export function parsePrometheusText(text: string): ReadonlyMap<string, number> {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment) {
      const [, keyword, name = '', rest = ''] = comment;
      if (keyword === 'TYPE' && types.has(name)) throw new Error(`a second TYPE of ${name}`);
      if (keyword === 'TYPE') types.set(name, rest);
    } else if (line !== '') {
      const sample = /^(([a-zA-Z_:][\w:]*)(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (\S+)$/.exec(
        line,
      );
      if (!sample) throw new Error(`not a sample: ${line}`);
      const [, key = '', name = '', text = ''] = sample;
      const value = text.replace(/^([+-]?)Inf$/, '$1Infinity');
      // prom-client writes the mean of no values as `Nan`, which Prometheus accepts as well.
      if (!/^nan$/i.test(value) && Number.isNaN(Number(value))) throw new Error(`not a number: ${line}`);
      if (samples.has(key)) throw new Error(`twice there: ${key}`);
      if (!types.has(name) && !types.has(name.replace(/_(?:bucket|sum|count)$/, ''))) {
        throw new Error(`a sample without a TYPE before it: ${line}`);
      }
      samples.set(key, Number(value));
    }
  }
  return samples;
}
