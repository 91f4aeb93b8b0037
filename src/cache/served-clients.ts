/** The most clients of one key, and of all, that are remembered. */
const MAX_CLIENTS = { ofKey: 100, ofAll: 10_000 };

/**
 * By key, the clients that were sent its message as a snapshot before it was broadcast. They do not
 * need the broadcast. Beyond the limits they are not remembered, and get the message twice.
 */
export class ServedClients {
  private readonly clients = new Map<string, Set<string>>();
  private count = 0;

  add(key: string, client: string): void {
    const clients = this.clients.get(key) ?? new Set();
    if (clients.size >= MAX_CLIENTS.ofKey || this.count >= MAX_CLIENTS.ofAll) return;
    if (clients.has(client)) return;
    this.clients.set(key, clients.add(client));
    this.count++;
  }

  has(key: string, client: string): boolean {
    return this.clients.get(key)?.has(client) === true;
  }

  /** Whether any client of a key is remembered. */
  hasAny(key: string): boolean {
    return this.clients.has(key);
  }

  /** Removes and returns the clients of a key; undefined if there are none. */
  take(key: string): ReadonlySet<string> | undefined {
    const clients = this.clients.get(key);
    if (!clients) return undefined;
    this.clients.delete(key);
    this.count -= clients.size;
    return clients;
  }
}
