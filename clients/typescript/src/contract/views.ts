// Copied from the service by scripts/copy-contract.mjs: change it there.
/** The groups of columns that a view of a chain can have. */
export const VIEW_MODES = ['full', 'quote', 'ltp', 'greeks'] as const;
/**
 * Which columns a view of a chain has. `full`: all of the others. `quote`: `last`, `bid`, `ask`,
 * `volume` and `open_interest`. `ltp`: only `last`. `greeks`: `last`, `iv`, `delta`, `gamma`,
 * `theta` and `vega`.
 */
export type ViewMode = (typeof VIEW_MODES)[number];

/** How many strikes on each side of the money a view of a chain can have. */
export const VIEW_STRIKES = [5, 10, 20, 40] as const;
/** How often a view can be updated, times a second. */
export const VIEW_RATES = [10, 4, 2, 1, 0.2] as const;
export type ViewRate = (typeof VIEW_RATES)[number];

/**
 * A cheaper form of a room's data, as a client asks for it. The gateway grants the steps of this
 * contract: a value between two steps becomes the cheaper one, and one beyond the last step becomes
 * the last step. `mode` and `strikes` are for chains. Unknown fields are ignored.
 * @additionalProperties true
 */
export interface ViewRequest {
  /** Default `full`. */
  readonly mode?: ViewMode;
  /**
   * How many strikes on each side of the at-the-money strike: 5, 10, 20 or 40. Without it, all
   * strikes.
   * @asType integer
   * @minimum 1
   */
  readonly strikes?: number;
  /**
   * The most updates a second of each product or chain: 10, 4, 2, 1 or 0.2. Without it, every
   * update.
   * @exclusiveMinimum 0
   */
  readonly max_rate?: number;
}

/** What a message of a view has. */
export interface ViewContent {
  readonly mode: ViewMode;
  /** How many strikes on each side of the at-the-money strike. Without it, all strikes. */
  readonly strikes?: (typeof VIEW_STRIKES)[number];
}

/** The view of a chain that the gateway granted. */
export interface ChainViewGrant extends ViewContent {
  readonly max_rate?: ViewRate;
}

/** The view of a product, or of `general`, that the gateway granted. */
export interface RateGrant {
  readonly max_rate: ViewRate;
}

/** A view that the gateway granted. It may be cheaper than the one that the client asked for. */
export interface View extends Partial<ViewContent> {
  /** The most updates a second of each product or chain. Without it, every update. */
  readonly max_rate?: ViewRate;
}

/**
 * Returns the view that a client gets: the next cheaper steps.
 * @param rooms the kind of the rooms. Only chains have a view that is not just a rate.
 * @returns undefined if the client gets the updates of the room as they are
 */
export function grantedView(rooms: 'chain', asked: ViewRequest): ChainViewGrant;
export function grantedView(rooms: 'product' | 'general', asked: ViewRequest): RateGrant | undefined;
export function grantedView(
  rooms: 'chain' | 'product' | 'general',
  { mode, strikes, max_rate }: ViewRequest,
): View | undefined {
  const rate = max_rate == null ? {} : { max_rate: cheaper(VIEW_RATES, max_rate) };
  if (rooms !== 'chain') return 'max_rate' in rate ? rate : undefined;
  return {
    mode: mode ?? 'full',
    ...(strikes == null ? {} : { strikes: cheaper(VIEW_STRIKES, strikes) }),
    ...rate,
  };
}

/** The largest step that is not above a value, or else the smallest step. */
function cheaper<T extends number>(steps: readonly T[], value: number): T {
  const affordable = steps.filter((step) => step <= value);
  return (affordable.length > 0 ? Math.max(...affordable) : Math.min(...steps)) as T;
}

/** What comes after `@` in the name of a view's room: `quote.10.2hz`, `ltp`, `0.2hz`. */
export function viewName({ mode, strikes, max_rate }: View): string {
  const rate = max_rate === undefined ? undefined : `${max_rate}hz`;
  return [mode, strikes, rate].filter((part) => part !== undefined).join('.');
}

const VIEW_NAME = /^(?:(full|quote|ltp|greeks)(?:\.(5|10|20|40))?)?\.?(?:(10|4|2|1|0\.2)hz)?$/;

/** Parses what {@link viewName} returns; undefined for anything else. */
export function parseViewName(name: string): View | undefined {
  const [, mode, strikes, rate] = VIEW_NAME.exec(name) ?? [];
  const view = {
    ...(mode !== undefined && { mode }),
    ...(strikes !== undefined && { strikes: Number(strikes) }),
    ...(rate !== undefined && { max_rate: Number(rate) }),
  } as View;
  return name !== '' && viewName(view) === name ? view : undefined;
}
