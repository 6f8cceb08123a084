import type { Client } from "../../../client/client.ts";
import { inspectNode } from "../../../client/nodes.ts";
import { inspectService } from "../../../client/services.ts";

/** Names of services and nodes by their ids, each asked for once; what is gone, and with `plain` all, stays an id. */
export class NameResolver {
  readonly #known = new Map<string, Promise<string>>();

  constructor(
    private readonly client: Client,
    private readonly plain: boolean,
  ) {}

  service(id: string): Promise<string> {
    return this.#once(id, async () => (await inspectService(this.client, id)).Spec?.Name ?? id);
  }

  node(id: string): Promise<string> {
    return this.#once(id, async () => {
      const { Spec, Description } = await inspectNode(this.client, id);
      return Spec?.Name || Description?.Hostname || id;
    });
  }

  #once(id: string, ask: () => Promise<string>): Promise<string> {
    if (this.plain || id === "") return Promise.resolve(id);
    let name = this.#known.get(id);
    if (!name) {
      name = ask().catch(() => id);
      this.#known.set(id, name);
    }
    return name;
  }
}
