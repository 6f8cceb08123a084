import type { Logger } from "../../lib/log.ts";
import type { Inotify } from "../../linux/inotify.ts";
import { Collection, type CollectionSpec } from "./collection.ts";

/** The logs of containers that a collector may follow, by container. */
export class Collections {
  readonly #byId = new Map<string, Collection>();

  constructor(
    private readonly inotify: Inotify,
    private readonly log: Logger,
  ) {}

  /** Goes on where an earlier daemon was. */
  takeUp(spec: CollectionSpec, { running }: { running: boolean }): void {
    if (!this.#byId.has(spec.id)) this.#byId.set(spec.id, new Collection(spec, { running }, this.inotify, this.log));
  }

  /**
   * A container is about to run: its lines carry these attributes. What its last run said is all written when it
   * resolves.
   */
  async begin(spec: CollectionSpec, attributes: string): Promise<void> {
    const collection = this.#byId.get(spec.id);
    if (collection) await collection.begin(attributes);
    else this.#byId.set(spec.id, new Collection(spec, { running: true, attributes }, this.inotify, this.log));
  }

  /** The container's run has ended, or never began. */
  end(id: string): void {
    this.#byId.get(id)?.end();
  }

  /** Resolves when nothing is written any more: the container goes. */
  async forget(id: string): Promise<void> {
    const collection = this.#byId.get(id);
    this.#byId.delete(id);
    await collection?.stop();
  }

  /** Leaves all of them to the next daemon. */
  async stop(): Promise<void> {
    await Promise.all([...this.#byId.keys()].map((id) => this.forget(id)));
  }
}
