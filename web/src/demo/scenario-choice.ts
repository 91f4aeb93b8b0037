import { create } from '../dom.js';

const ADDRESS = './demo/scenario';
/** The mark of the demo in the headers of the page. */
const MARK = 'deltastream-demo';

const NAMES: Readonly<Record<string, string>> = {
  normal: 'Normal day',
  trend: 'Trend day',
  fast: 'Fast market',
  halt: 'Trading halt',
};

interface Scenarios {
  readonly scenario: string;
  readonly scenarios: readonly string[];
}

/** Whether the page comes from `npm run demo`, whose market is simulated. */
function isDemo(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation?.serverTiming?.some(({ name }) => name === MARK) ?? false;
}

/**
 * Shows the choice of the simulated market's scenario, if the page runs on the demo.
 * @param place where the choice is shown
 */
export async function startScenarioChoice(place: HTMLElement): Promise<void> {
  if (!isDemo()) return;
  const response = await fetch(ADDRESS);
  if (!response.ok) return;
  const { scenario, scenarios } = (await response.json()) as Scenarios;
  const select = create('select', 'button');
  select.setAttribute('aria-label', 'Scenario of the simulated market');
  select.title = 'The market is simulated. This chooses what it does.';
  for (const value of scenarios) select.append(new Option(NAMES[value] ?? value, value));
  select.value = scenario;
  select.addEventListener('change', () => void choose(select));
  place.replaceChildren(select);
}

/** If the demo does not take the scenario, the choice shows the one that it plays. */
async function choose(select: HTMLSelectElement): Promise<void> {
  const body = JSON.stringify({ scenario: select.value });
  const headers = { 'content-type': 'application/json' };
  try {
    const response = await fetch(ADDRESS, { method: 'PUT', headers, body });
    const { scenario } = (await (response.ok ? response : await fetch(ADDRESS)).json()) as Scenarios;
    select.value = scenario;
  } catch {
    // The demo was stopped. The page says that the connection is lost.
  }
}
