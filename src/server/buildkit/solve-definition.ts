import type { Typed } from "../../api/buildkit/control.ts";
import type { Definition } from "../../api/buildkit/llb.ts";
import { ImportedCaches } from "../../builder/cache/imported.ts";
import { openCaches } from "../../builder/cache/open-caches.ts";
import type { CacheSpec } from "../../builder/cache/spec.ts";
import { BuildEvents } from "../../builder/events.ts";
import { DefinitionSolver } from "../../builder/llb/definition-solver.ts";
import { isHeld } from "../../builder/llb/sources/held.ts";
import type { LlbWork } from "../../builder/llb/work.ts";
import type { BuildRequest } from "../../builder/request.ts";
import { filesOf } from "../../builder/source/context-files.ts";
import { MemoryTree } from "../../builder/source/memory-tree.ts";
import { Lease } from "../../image/collect/lease.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { newId } from "../../lib/ids.ts";
import { Semaphore } from "../../lib/lock.ts";
import type { ServerDeps } from "../deps.ts";
import { ClientSession } from "./client-session.ts";
import type { DefinitionWork } from "./definition-work.ts";
import { failuresOf, tellFailed } from "./failed-operation.ts";
import { definitionFailure, type TellFailed } from "./failure.ts";
import type { FrontendResult } from "./frontend-result.ts";
import type { Job } from "./jobs.ts";
import { LookUps } from "./look-ups.ts";
import { cacheSpec, readOptions } from "./options.ts";
import { type HeldResult, heldDefinition } from "./results.ts";
import { follow } from "./vertices.ts";

/** Downloads and clones of one build that run at once. */
const fetchesAtOnce = 8;
/** Solutions that one build may ask for. */
const mostResults = 10_000;

/**
 * Solves a definition for a frontend: it is read and checked now, and done when somebody wants its files or it is
 * exported; at once with `evaluate`.
 */
export async function solveDefinition(
  deps: ServerDeps,
  job: Job,
  definition: Definition,
  { evaluate, cacheImports = [] }: { evaluate: boolean; cacheImports?: readonly Typed[] },
): Promise<FrontendResult> {
  if (definition.operations.length === 0) return { refs: [], metadata: new Map() };
  const { solver, takeCaches } = await definitionsOf(deps, job);
  if (job.refs.length >= mostResults)
    throw new GrpcError(Code.resourceExhausted, `a build has at most ${mostResults} solutions`);
  await takeCaches(cacheImports.map(cacheSpec));
  const operation = tellFailed(deps, job);
  const read = await failed(definition, operation, solver.read(definition));
  const held = failing(heldDefinition(deps.build, read), definition, operation);
  const id = newId();
  job.refs.push(id);
  deps.buildkit.jobs.results.set(id, held);
  if (evaluate) await held.look(async () => {});
  return { refs: [{ id, platform: undefined, definition }], metadata: new Map() };
}

/** What all definitions of a build share; made for the first of them. */
export function definitionsOf(deps: ServerDeps, job: Job): Promise<DefinitionWork> {
  job.definitions ??= open(deps, job);
  return job.definitions;
}

async function open(deps: ServerDeps, job: Job): Promise<DefinitionWork> {
  const { request, progress, signal, undo } = job;
  const { build, remote, buildkit } = deps;
  const sessions = new Map<string, Promise<ClientSession>>();
  const sessionOf = (id: string) => {
    const known = sessions.get(id);
    if (known) return known;
    const opened = openSession(deps, job, id);
    opened.catch(() => {});
    sessions.set(id, opened);
    return opened;
  };
  const session = job.given.session ?? (await sessionOf(request.session));
  const lease = undo.use(new Lease(build.images));
  const startedAt = new Date();
  const imported = new ImportedCaches(build, lease, [], true);
  const plain: BuildRequest = { ...plainRequest(job), session };
  const work: LlbWork = {
    deps: build,
    remote,
    client: {
      secret: (id) => session.secret(id),
      agent: (id) => session.agent(id),
      credentials: (domain) => session.credentials(domain),
      files: async ({ name, session: other, include, exclude, follow: paths }, told) =>
        (await sessionOf(other ?? request.session)).files(
          name,
          { "include-patterns": include, "exclude-patterns": exclude, followpaths: paths },
          told,
          { contents: build.contents, undo },
        ),
      layout: async (name, other) =>
        (other === undefined ? session : await sessionOf(other)).blobs({ kind: "layout", name }),
      upload: (path) => uploaded(sessionOf(request.session), path),
    },
    lease,
    imported,
    used: new Map(),
    materials: new Map(),
    allow: new Set(request.entitlements),
    epoch: plain.sourceDateEpoch,
    failures: failuresOf(deps, job),
    signal,
    undo,
    fetches: new Semaphore(fetchesAtOnce),
    tell: ({ digest, name, inputs, metadata, op }) => {
      const group = metadata?.progressGroup;
      const vertex = { digest, name, inputs: inputs.map((input) => input.vertex.digest), group };
      // What stands for a result of this engine was told of as what it came of.
      return isHeld(op) ? progress.untold(vertex) : progress.vertex(vertex);
    },
    held: async (id) => {
      const held = buildkit.jobs.results.get(id);
      if (held) return held.layers();
      const lately = buildkit.jobs.lately(id);
      for (const chainId of lately?.chain ?? []) lease.add("layer", chainId);
      if (lately?.chain.every((chainId) => build.images.snapshotter.has(chainId))) return lately;
      throw new GrpcError(Code.notFound, `no such result ${id}`);
    },
  };
  const events = new BuildEvents(() => {});
  const following = follow(events.read({ owns: true }), progress, new LookUps(), () => {});
  const solver = new DefinitionSolver(work);
  undo.defer(async () => {
    events.end();
    await following;
    // Nothing may go on behind the back of a build that has ended.
    job.cancel();
    await job.containers.close();
    await solver.settled();
  });
  const { used, materials } = work;
  const opened = new Map<string, Promise<void>>();
  const take = async (spec: CacheSpec) =>
    imported.add(await openCaches(build, remote, plain, [spec], { events, lease, signal }));
  return {
    async takeCaches(specs) {
      if (plain.noCache) return;
      for (const spec of specs) {
        const key = JSON.stringify([spec.type, ...[...spec.attributes].sort()]);
        const taken = opened.get(key) ?? take(spec);
        opened.set(key, taken);
        await taken;
      }
    },
    solver,
    work,
    solved: (results) => ({ request: plain, results, used, imported, materials, startedAt, events, lease, signal }),
  };
}

async function* uploaded(session: Promise<ClientSession>, path: string): AsyncGenerator<Uint8Array> {
  yield* (await session).upload(path);
}

async function openSession({ buildkit }: ServerDeps, job: Job, id: string): Promise<ClientSession> {
  const { progress, signal, undo } = job;
  const connection = await buildkit.sessions.find(id, signal);
  connection.gone.addEventListener("abort", () => job.cancel(connection.gone.reason), { once: true, signal });
  const places = { dockerfile: "dockerfile", context: "context", apart: false, upload: undefined };
  const session = new ClientSession(connection, progress, places, progress.step("[internal] load build definition"));
  undo.defer(() => session.close());
  return session;
}

/** What is asked of a build besides its definition. */
function plainRequest({ request }: Job): Omit<BuildRequest, "session"> {
  const { frontendAttrs, entitlements, cache } = request;
  const { dockerfilePath: _, ...options } = readOptions(frontendAttrs, { entitlements, imports: cache?.imports ?? [] });
  return {
    ...options,
    dockerfile: "",
    dockerfileName: "",
    context: async () => filesOf(new MemoryTree([])),
    contexts: new Map(),
    ignore: async () => undefined,
    inlineCache: options.inlineCache || (cache?.exports ?? []).some(({ type }) => type === "inline"),
    tags: [],
    annotations: [],
    describe: false,
    cacheTo: (cache?.exports ?? []).map(cacheSpec),
  };
}

/** What goes wrong is told with its place in the texts that the definition was made of. */
function failing(held: HeldResult, definition: Definition, operation: TellFailed): HeldResult {
  return {
    layers: () => failed(definition, operation, held.layers()),
    look: (work) => failed(definition, operation, held.look(work)),
  };
}

function failed<T>(definition: Definition, operation: TellFailed, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw definitionFailure(error, definition, operation);
  });
}
