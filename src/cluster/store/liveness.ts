/** Which nodes have a manager, as all managers see it; what one holds goes with it. */
export interface Liveness {
  /** The nodes that some manager has. */
  readonly nodes: ReadonlySet<string>;
  /** Notes that a node is connected to this manager. */
  hold(nodeId: string): Promise<void>;
  /** It is not any more; another may have it. */
  release(nodeId: string): Promise<void>;
  /** Calls back when no manager has a node any more. Returns what ends that. */
  onLost(listener: (nodeId: string) => void): () => void;
}
