import { statfsSync } from "node:fs";
import { join } from "node:path";
import type { MigrateRequest } from "../api/schema/migrate.ts";
import type { MigrationKind, MigrationPlan } from "../api/types/migrate.ts";
import { notFound } from "../lib/errors.ts";
import { clonesWork, mountId } from "../linux/at.ts";
import { containerSteps } from "./containers.ts";
import type { MigrateDeps } from "./deps.ts";
import type { ContainerdRoot } from "./docker/containerd.ts";
import { type DockerContainer, readContainers } from "./docker/containers.ts";
import type { DockerRoot } from "./docker/root.ts";
import { imageSteps } from "./images.ts";
import { networkSteps } from "./networks.ts";
import { isIdPrefix, keyOf, type Sharing, type Step } from "./step.ts";
import { storedImageSteps, type TakenImages } from "./stored-images.ts";
import { volumeSteps } from "./volumes.ts";

/** What a request asks for, of what a data root has: each with what it needs before it. */
export async function planMigration(
  deps: MigrateDeps,
  root: DockerRoot,
  containerd: ContainerdRoot | null,
  request: MigrateRequest,
): Promise<{ steps: Step[]; plan: MigrationPlan; sharing: Sharing }> {
  const sharing = sharingOf(deps, root, request);
  const containers = readContainers(root, (id) => containerd?.written(id) ?? null);
  const taken: TakenImages = new Map();
  const used = new Set(containers.map(({ imageId }) => imageId));
  const all = [
    ...imageSteps(deps, root, used, sharing),
    ...(containerd ? await storedImageSteps(deps, containerd, taken) : []),
    ...(await volumeSteps(deps, root, busyVolumes(containers), { move: request.Move === true, sharing })),
    ...networkSteps(deps, root),
    ...(await containerSteps(deps, containers, taken)),
  ];
  const steps = choose(all, request, root);
  const items = steps.map(({ item }) => item);
  const due = items.filter(({ State }) => State === "take");
  const { bavail, bsize } = statfsSync(deps.images.paths.layers);
  return {
    steps,
    sharing,
    plan: {
      Root: root.path,
      Items: items,
      Copied: due.reduce((sum, { Copied }) => sum + Copied, 0),
      Shared: due.reduce((sum, { Shared }) => sum + Shared, 0),
      Free: bavail * bsize,
    },
  };
}

/** Volumes that a container still writes to, and which one: no copy of them would be whole. */
function busyVolumes(containers: readonly DockerContainer[]): Map<string, string> {
  return new Map(
    containers
      .filter(({ state }) => state.pid > 0)
      .flatMap(({ name, volumes }) =>
        Object.values(volumes).map((volume) => [volume, `container ${name} still runs with it`] as const),
      ),
  );
}

/** Files are linked within one mount only, and blocks are shared within one filesystem. */
function sharingOf({ images }: MigrateDeps, root: DockerRoot, { Copy }: MigrateRequest): Sharing {
  const together = Copy !== true && mountId(root.path) === mountId(images.paths.layers);
  return { links: together, clones: together && clonesWork(join(images.paths.tmp, "images")) };
}

function choose(all: readonly Step[], request: MigrateRequest, root: DockerRoot): Step[] {
  const kinds = kindsOf(request);
  const names = request.Names ?? [];
  const matches = (step: Step, name: string) =>
    step.names.includes(name) || (step.item.ID !== "" && isIdPrefix(step.item.ID, name));
  const candidates = all.filter(({ item }) => kinds.has(item.Kind));
  for (const name of names)
    if (!candidates.some((step) => matches(step, name)))
      throw notFound(`there is nothing named ${name} in ${root.path}`);
  if (names.length === 0 && kinds.size === 4) return [...all];
  const chosen = new Set<Step>();
  const byKey = new Map(all.flatMap((step) => step.names.map((name) => [keyOf(step.item.Kind, name), step] as const)));
  const take = (step: Step): void => {
    if (chosen.has(step)) return;
    chosen.add(step);
    for (const need of step.needs) {
      const needed = byKey.get(need);
      if (needed) take(needed);
    }
  };
  for (const step of candidates) if (names.length === 0 || names.some((name) => matches(step, name))) take(step);
  // In the order of all: what is needed comes before.
  return all.filter((step) => chosen.has(step));
}

function kindsOf({ Images, Volumes, Networks, Containers }: MigrateRequest): Set<MigrationKind> {
  const asked: [MigrationKind, boolean | null | undefined][] = [
    ["image", Images],
    ["volume", Volumes],
    ["network", Networks],
    ["container", Containers],
  ];
  const some = asked.some(([, wanted]) => wanted === true);
  return new Set(asked.filter(([, wanted]) => !some || wanted === true).map(([kind]) => kind));
}
