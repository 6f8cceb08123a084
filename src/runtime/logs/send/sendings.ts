import type { Logger } from "../../../lib/log.ts";
import { type Opened, Sending, type SendingSpec } from "./sending.ts";

/** The logs that are sent elsewhere, by container. */
export class Sendings {
  readonly #byId = new Map<string, Sending>();

  constructor(private readonly log: Logger) {}

  /** Goes on where an earlier daemon was. */
  takeUp(spec: SendingSpec, { running }: { running: boolean }): void {
    if (!this.#byId.has(spec.id)) this.#byId.set(spec.id, new Sending(spec, { running, opened: null }, this.log));
  }

  /** A container is about to run: throws what the opening of its receiver does, unless that `mayBeAway`. */
  async begin(spec: SendingSpec, { mayBeAway }: { mayBeAway: boolean }): Promise<void> {
    const opened = mayBeAway ? null : await open(spec);
    const sending = this.#byId.get(spec.id);
    if (sending) sending.begin(spec, opened);
    else this.#byId.set(spec.id, new Sending(spec, { running: true, opened }, this.log));
  }

  /** The container's run has ended, or never began. */
  end(id: string): void {
    this.#byId.get(id)?.end();
  }

  /** Waits, not for long, until what a container that has ended wrote is sent. */
  async settle(id: string): Promise<void> {
    await this.#byId.get(id)?.settle();
  }

  /** The container goes; what is left is sent if that takes no time. */
  async forget(id: string): Promise<void> {
    const sending = this.#byId.get(id);
    this.#byId.delete(id);
    await sending?.finish();
  }

  /** Leaves all of them to the next daemon. */
  async stop(): Promise<void> {
    const sendings = [...this.#byId.values()];
    this.#byId.clear();
    await Promise.all(sendings.map((sending) => sending.leave()));
  }
}

async function open(spec: SendingSpec): Promise<Opened> {
  const end = new AbortController();
  return { receiver: await spec.open(end.signal), end };
}
