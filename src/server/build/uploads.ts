import { cancelled, conflict, invalid } from "../../lib/errors.ts";

/** How long the two requests of one build wait for each other, in ms. */
const waitMs = 5_000;

interface Meeting {
  build: string;
  body: PromiseWithResolvers<AsyncIterable<Uint8Array>>;
  /** The build has what it wants of the body. */
  taken: PromiseWithResolvers<void>;
  sides: Set<"offers" | "takes">;
}

/** Contexts that come by a request of their own, each for the build that another request began. */
export class Uploads {
  readonly #meetings = new Map<string, Meeting>();

  /** Hands a body to the build of that name; resolves when it is read no further. Rejects where there is none. */
  async offer(build: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const meeting = this.#meet(build, "offers");
    meeting.body.resolve(body);
    await this.#within(meeting, meeting.taken.promise, `no build ${build} waits for an upload`, signal);
  }

  /** The body for a build, until that is disposed of. Rejects where none comes. */
  async take(build: string, signal: AbortSignal): Promise<{ body: AsyncIterable<Uint8Array> } & Disposable> {
    const meeting = this.#meet(build, "takes");
    const body = await this.#within(meeting, meeting.body.promise, `no upload for build ${build} came`, signal);
    return { body, [Symbol.dispose]: () => meeting.taken.resolve() };
  }

  #meet(build: string, side: "offers" | "takes"): Meeting {
    const meeting = this.#meetings.get(build) ?? {
      build,
      body: Promise.withResolvers(),
      taken: Promise.withResolvers(),
      sides: new Set(),
    };
    if (meeting.sides.has(side)) throw conflict(`build ${build} has its upload already`);
    meeting.sides.add(side);
    this.#meetings.set(build, meeting);
    return meeting;
  }

  /** Waits without end once both sides are there. */
  async #within<T>(meeting: Meeting, wanted: Promise<T>, late: string, signal: AbortSignal): Promise<T> {
    const { promise: over, reject } = Promise.withResolvers<never>();
    const gone = () => reject(cancelled("context canceled"));
    const timer = setTimeout(() => {
      if (meeting.sides.size < 2) reject(invalid(late));
    }, waitMs);
    signal.addEventListener("abort", gone, { once: true });
    if (signal.aborted) gone();
    try {
      return await Promise.race([wanted, over]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
      if (this.#meetings.get(meeting.build) === meeting) this.#meetings.delete(meeting.build);
    }
  }
}
