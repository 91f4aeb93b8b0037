import { type ChainView, JsonPayload, type ViewContent, viewName } from '../contract/index.js';
import type { ChainMessage } from '../feed/market-message.js';
import { ChainText } from './chain-text.js';

/** What was derived from a chain. */
interface Derived {
  readonly text: ChainText;
  readonly payloads: Map<string, JsonPayload<ChainView>>;
}

/**
 * Derives the views of chains. Each view of a chain is derived once, for the first client that
 * needs it, and forgotten together with the chain.
 */
export class ChainViews {
  private readonly derived = new WeakMap<ChainMessage, Derived>();

  /** @param onDerive is called each time that a view is derived */
  constructor(private readonly onDerive: (content: ViewContent) => void = () => undefined) {}

  of(chain: ChainMessage, content: ViewContent): JsonPayload<ChainView> {
    const name = viewName(content);
    const { text, payloads } = this.derivedOf(chain);
    let payload = payloads.get(name);
    if (!payload) {
      this.onDerive(content);
      payload = new JsonPayload<ChainView>(text.view(content), `${chain.key}@${name}`);
      payloads.set(name, payload);
    }
    return payload;
  }

  private derivedOf(chain: ChainMessage): Derived {
    let derived = this.derived.get(chain);
    if (!derived) {
      derived = { text: new ChainText(chain.payload.text), payloads: new Map() };
      this.derived.set(chain, derived);
    }
    return derived;
  }
}
