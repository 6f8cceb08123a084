import type { BuildSession } from "./session/session.ts";

/** A build that can be cancelled by its id. */
export interface RunningBuild {
  cancel(): void;
  /** Settles when nothing of it is left to do. */
  readonly result: Promise<unknown>;
  readonly session: BuildSession;
}

/** The builds that are under way, by the id that the client gave (so that others can name it), or one made up. */
export class RunningBuilds {
  readonly #builds = new Map<string, RunningBuild>();

  /** Disposing of it takes the build out of the table. Of several with one id the last is found. */
  add(id: string, build: RunningBuild): Disposable {
    this.#builds.set(id, build);
    return {
      [Symbol.dispose]: () => {
        if (this.#builds.get(id) === build) this.#builds.delete(id);
      },
    };
  }

  get none(): boolean {
    return this.#builds.size === 0;
  }

  find(id: string): RunningBuild | undefined {
    return this.#builds.get(id);
  }

  /** Cancels all of them, and returns when they have ended. */
  async cancelAll(): Promise<void> {
    const builds = [...this.#builds.values()];
    for (const build of builds) build.cancel();
    await Promise.allSettled(builds.map(({ result }) => result));
  }
}
