/**
 * An image store of its own for each test: data and exec root in a temporary directory, database in memory or on disk.
 * `close` proves that nothing stays mounted.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBus } from "../../src/api/events.ts";
import type { EngineEvent } from "../../src/api/events.ts";
import type { ProgressEvent } from "../../src/api/progress.ts";
import { Logger } from "../../src/lib/log.ts";
import type { ImageContext } from "../../src/image/context.ts";
import { openImages } from "../../src/image/open.ts";
import { openStore } from "../../src/store/store.ts";

export interface TestStore extends AsyncDisposable {
  ctx: ImageContext;
  dir: string;
  /** Events of type image so far. */
  events: EngineEvent[];
  /** Closes what is open and opens the same directories again, as a restarted daemon does. */
  reopen(): Promise<void>;
}

export async function openTestStore(storageDriver = "overlay2"): Promise<TestStore> {
  const dir = mkdtempSync(join(tmpdir(), "berth-image-"));
  for (const name of ["data", "exec"]) mkdirSync(join(dir, name));
  const open = () => {
    const events = new EventBus();
    const store = openStore(join(dir, "data/berth.db"));
    const ctx = openImages({ store, events, log: new Logger("error"), dataRoot: join(dir, "data"), execRoot: join(dir, "exec"), storageDriver });
    const publish = events.publish.bind(events);
    events.publish = (type, action, actor, scope) => {
      publish(type, action, actor, scope);
      test.events.push({ Type: type, Action: action, Actor: actor, scope: "local", time: 0, timeNano: 0 });
    };
    return ctx;
  };
  const test: TestStore = {
    ctx: undefined as unknown as ImageContext,
    dir,
    events: [],
    async reopen() {
      await test.ctx.archiver[Symbol.asyncDispose]();
      test.ctx.store.close();
      test.ctx = open();
    },
    async [Symbol.asyncDispose]() {
      await test.ctx.archiver[Symbol.asyncDispose]();
      test.ctx.store.close();
      const left = mountsUnder(dir);
      rmSync(dir, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`still mounted: ${left.join(", ")}`);
    },
  };
  test.ctx = open();
  return test;
}

export function mountsUnder(dir: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((line) => line.split(" ")[4] ?? "").filter((path) => path.startsWith(`${dir}/`));
}

export async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export function streamText(events: readonly ProgressEvent[]): string {
  return events.map((event) => event.stream ?? "").join("");
}
