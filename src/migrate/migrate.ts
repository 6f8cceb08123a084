import type { ProgressEvent } from "../api/progress.ts";
import type { MigrateRequest } from "../api/schema/migrate.ts";
import type { MigrationAux, MigrationItem } from "../api/types/migrate.ts";
import { Lease } from "../image/collect/lease.ts";
import { conflict, EngineError, errorMessage, internal } from "../lib/errors.ts";
import { told } from "../lib/event-queue.ts";
import { Semaphore } from "../lib/lock.ts";
import type { MigrateDeps } from "./deps.ts";
import { openContainerd } from "./docker/containerd.ts";
import { openDockerRoot } from "./docker/root.ts";
import { planMigration } from "./plan.ts";
import { keyOf, type Sharing, type Step } from "./step.ts";

/** What one that was cut off, or of which a part failed, has brought of layers is kept so long, for the next one. */
const KEEP_MS = 24 * 60 * 60 * 1000;
/** Left free for everybody else. */
const RESERVE = 64 * 1024 * 1024;
/** Images and volumes that are taken at once. */
const AT_ONCE = 3;

const migrating = "migration";

/**
 * `berth migrate docker`: takes over what a stopped dockerd has left in its data root, which is only ever read (unless
 * volumes are to be moved). Yields the plan, how far each thing is, and how it went; what fails is told and left out.
 * Each thing is here whole or not at all, however this ends, and what is here is left as it is: so it can be repeated.
 * Throws `conflict` where dockerd runs, or another migration.
 */
export async function* migrateDocker(
  deps: MigrateDeps,
  request: MigrateRequest,
  signal?: AbortSignal,
): AsyncGenerator<ProgressEvent> {
  if (deps.images.locks.isHeld(migrating)) throw conflict("another migration is under way");
  using _lock = await deps.images.locks.acquire(migrating);
  using root = openDockerRoot(request.From ?? "");
  using containerd = openContainerd(root, request.Containerd ?? "");
  const { steps, plan, sharing } = await planMigration(deps, root, containerd, request);
  yield { aux: { Plan: plan } satisfies MigrationAux };
  if (request.DryRun) return;
  if (plan.Copied + RESERVE > plan.Free && plan.Copied > 0)
    throw internal(`not enough space: ${plan.Copied} bytes are to be written, and ${plan.Free} are free`);
  yield* told<ProgressEvent>((tell, inner) => takeAll(deps, steps, sharing, request, tell, inner), signal);
}

async function takeAll(
  deps: MigrateDeps,
  steps: readonly Step[],
  share: Sharing,
  { Move, Start }: MigrateRequest,
  tell: (event: ProgressEvent, key?: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await using lease = new Lease(deps.images);
  lease.keepAfterwards(KEEP_MS);
  const slots = new Semaphore(AT_ONCE);
  const due = steps.filter(({ item }) => item.State === "take");
  const take = async (step: Step): Promise<void> => {
    using _slot = await slots.acquire(signal);
    const { item } = step;
    const total = item.Copied + item.Shared;
    const report = (current: number) =>
      tell(
        { id: item.Name, status: `Taking ${item.Kind}`, progressDetail: { current, total } },
        keyOf(item.Kind, item.Name),
      );
    report(0);
    await takeOne(step, () =>
      step.take({ lease, share, move: Move === true, start: Start === true, tell: report, signal }),
    );
    tell({ aux: { Item: { ...item } } satisfies MigrationAux });
  };
  const ofKind = (...kinds: MigrationItem["Kind"][]) => due.filter(({ item }) => kinds.includes(item.Kind));
  await Promise.all(ofKind("image", "volume").map(take));
  // One after the other: in the order in which they were made.
  for (const step of ofKind("network", "container")) await take(step);
  // Nothing is left that a next run would go on with.
  if (due.every(({ item }) => item.State === "taken")) lease.keepAfterwards(0);
}

/** Notes how it went. Only the end of all of it ends the others. */
async function takeOne({ item }: Step, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    item.State = "taken";
  } catch (error) {
    if (error instanceof EngineError && error.kind === "cancelled") throw error;
    item.State = "failed";
    item.Reason = errorMessage(error);
    item.Copied = item.Shared = 0;
  }
}
