import type { FrontendContainer } from "../../../builder/llb/container/container.ts";
import { Code, GrpcError } from "../../../lib/grpc/status.ts";

/** The containers of one frontend, by the ids that it gave them. */
export class Containers {
  readonly #open = new Map<string, FrontendContainer>();
  #closed = false;

  get(id: string): FrontendContainer | undefined {
    return this.#open.get(id);
  }

  /** Throws where there is one of that id, or where the frontend has ended. */
  checkFree(id: string): void {
    if (this.#closed) throw new GrpcError(Code.cancelled, "context canceled");
    if (this.#open.has(id)) throw new GrpcError(Code.alreadyExists, `Container ${id} already exists`);
  }

  /** Keeps a container; one that nobody can ask for any more is released at once. */
  async add(id: string, container: FrontendContainer): Promise<void> {
    try {
      this.checkFree(id);
    } catch (error) {
      await container.release();
      throw error;
    }
    this.#open.set(id, container);
  }

  async release(id: string): Promise<void> {
    const container = this.#open.get(id);
    if (!container) throw new GrpcError(Code.unknown, `container details for ${id} not found`);
    this.#open.delete(id);
    await container.release();
  }

  /** Releases all. No further ones are taken. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map((each) => each.release()));
  }
}
