import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rendered } from './support/chart.js';

it('docs/kubernetes.md has every alert with its severity, and no other', () => {
  const text = readFileSync(join(__dirname, '../../docs/kubernetes.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(SocketGateway\w+)` \| (\w+) \|/gm)].map(
    ([, name, severity]) => [name, severity],
  );
  const { groups } = Rendered.from({ 'prometheusRule.enabled': true }).one('PrometheusRule').spec;
  expect(documented).toEqual(
    groups[0].rules.map(({ alert, labels }: { alert: string; labels: { severity: string } }) => [
      alert,
      labels.severity,
    ]),
  );
});
