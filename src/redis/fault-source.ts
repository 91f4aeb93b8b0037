/** Reports the faults of the connections that a port uses. */
export interface FaultSource {
  /**
   * Calls `counted` for every fault, including those before this call. Both the names of
   * connections and the kinds of faults come from small fixed sets.
   */
  listen(counted: (connection: string, kind: string) => void): void;
  /** Why a connection does not work, in words for an operator; undefined while it works. */
  problem(connection: string): string | undefined;
}

/** Nest token of the {@link FaultSource}. */
export const FAULT_SOURCE = Symbol('FAULT_SOURCE');
