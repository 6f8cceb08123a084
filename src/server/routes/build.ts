import { parseFilters } from "../../api/filters.ts";
import { type ProgressEvent, progressError } from "../../api/progress.ts";
import { type Build, checkBuild, prepareBuild, shown, startBuild } from "../../builder/build.ts";
import { cacheLayout } from "../../builder/cache/layout.ts";
import { pruneCache } from "../../builder/cache/prune.ts";
import { compileCacheFilter } from "../../builder/cache/prune-filter.ts";
import type { Dockerfile } from "../../builder/dockerfile/instructions.ts";
import { excerpt } from "../../builder/dockerfile/source.ts";
import type { BuildReader } from "../../builder/events.ts";
import { exportBuild } from "../../builder/export/export-build.ts";
import { rootfsArchive } from "../../builder/export/rootfs.ts";
import { openBuild } from "../../builder/open.ts";
import { findBaseConfigs } from "../../builder/plan/base-configs.ts";
import { drawPlan, type Plan } from "../../builder/plan/plan.ts";
import type { BuildRequest } from "../../builder/request.ts";
import { RunFailed } from "../../builder/steps/run-failed.ts";
import { errorMessage, invalid, notFound } from "../../lib/errors.ts";
import { newId, shortId } from "../../lib/ids.ts";
import { parseDigest } from "../../oci/digest.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { buildBySession } from "../build/by-session.ts";
import { cacheWarnings } from "../build/cache-warnings.ts";
import { readBuild } from "../build/request.ts";
import { RequestSession } from "../build/session.ts";
import { transcript } from "../build/transcript.ts";
import type { ServerDeps } from "../deps.ts";
import { progress } from "../http/progress.ts";
import { empty, json, stream } from "../http/reply.ts";
import type { Handler, Route } from "../http/router.ts";

const build: Handler = async (deps, request) => {
  const { query, signal } = request;
  if (query.get("version") === "2") return buildBySession(deps, request);
  const undo = new AsyncDisposableStack();
  try {
    const wanted = readBuild(request);
    const asked = await openBuild(deps.build, wanted, undo, signal);
    if (query.bool("check") || query.bool("graph")) {
      const prepared = await prepareBuild(asked, signal);
      const reply = query.bool("graph")
        ? { Graph: prepared.plans.map(drawPlan).join("\n\n") }
        : await findingsOf(deps, asked, prepared, signal);
      await undo.disposeAsync();
      return json(200, reply);
    }
    const running = await startBuild(deps.build, deps.remote, asked, signal, (solved) =>
      exportBuild(deps.build, deps.remote, solved),
    );
    const reader = running.events.read({ owns: true });
    signal.addEventListener("abort", () => reader.leave(), { once: true });
    if (signal.aborted) reader.leave();
    wanted.session.requested?.serve((entries) => running.events.emit({ kind: "need", entries }));
    undo.use(deps.build.running.add(query.get("buildid") || newId(), running));
    return await progress(
      tell(
        running,
        reader,
        { quiet: query.bool("q"), events: query.get("progress") === "events", tags: asked.tags },
        undo,
      ),
    );
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
};

/** What our own client reads as `Finding` (`client/build.ts`). */
interface ShownFinding {
  Rule: string;
  Message: string;
  Line: number;
  EndLine: number;
  File: string;
  Source: string;
}

/** What the checks find. Base images that are not here are asked of their registries, as Docker's client has it. */
async function findingsOf(
  { build: deps, remote }: ServerDeps,
  request: BuildRequest,
  prepared: { dockerfile: Dockerfile; plans: Plan[] },
  signal: AbortSignal,
): Promise<ShownFinding[]> {
  const [plan] = prepared.plans;
  const look = (of: Plan) => findBaseConfigs(deps, remote, request, of, () => () => {}, signal);
  const bases = plan && (await shown(request, () => look(plan)));
  const { findings } = await checkBuild(deps, request, prepared, signal, bases);
  const lines = request.dockerfile.split("\n");
  return findings
    .toSorted((one, other) => one.range.start - other.range.start)
    .map(({ rule, message, range }) => ({
      Rule: rule,
      Message: message,
      Line: range.start,
      EndLine: range.end,
      File: request.dockerfileName,
      Source: excerpt(range, lines),
    }));
}

/** The client's answer to a `need`. */
const sendContent: Handler = async (deps, { query, body }) => {
  const session = deps.build.running.find(query.get("buildid"))?.session;
  const content = session instanceof RequestSession ? session.requested : undefined;
  if (!content) throw notFound(`no build ${query.get("buildid")} waits for content`);
  await content.receive(body);
  return empty(200);
};

/**
 * What the client is sent: the classic transcript, or the events themselves for those that draw a build of their own.
 */
async function* tell(
  running: Build<Awaited<ReturnType<typeof exportBuild>>>,
  reader: BuildReader,
  options: { quiet: boolean; events: boolean; tags: string[] },
  undo: AsyncDisposableStack,
): AsyncGenerator<ProgressEvent> {
  await using _undo = undo;
  running.result.catch(() => {});
  try {
    if (options.events) {
      for await (const event of cacheWarnings(reader))
        yield {
          id: "berth.build",
          aux: event.kind === "output" ? { ...event, data: Buffer.from(event.data).toString("base64") } : event,
        };
    } else if (options.quiet) {
      for await (const event of cacheWarnings(reader))
        if (event.kind === "need") yield { id: "berth.build", aux: event };
    } else yield* transcript(cacheWarnings(reader), running.globalArgs);
    const { id, images, packed, caches } = await running.result;
    yield {
      aux: {
        ID: id,
        Images: images.map((image) => ({ ID: image.id, Platform: formatPlatform(image.platform) })),
        ...(packed && { Descriptor: packed.top }),
        ...(caches.length > 0 && { Caches: caches }),
      },
    };
    if (options.quiet) yield { stream: `${id}\n` };
    else if (!options.events) {
      yield { stream: `Successfully built ${shortId(id)}\n` };
      for (const tag of options.tags)
        yield { stream: `Successfully tagged ${/:[^/]*$/.test(tag) ? tag : `${tag}:latest`}\n` };
    }
  } catch (error) {
    if (error instanceof RunFailed) yield progressError(options.events ? error.message : error.classic, error.exitCode);
    else yield progressError(errorMessage(error));
  } finally {
    await running.result.catch(() => {});
  }
}

const prune: Handler = async (deps, { query }) => {
  const { deleted, reclaimed } = await pruneCache(deps.build, {
    all: query.bool("all"),
    keepStorage: query.int("keep-storage") ?? query.int("reserved-space") ?? 0,
    ...(await compileCacheFilter(parseFilters(query.get("filters")))),
  });
  const ids = deleted.map(({ ID }) => ID);
  return json(200, { CachesDeleted: ids.length > 0 ? ids : null, SpaceReclaimed: reclaimed });
};

const cancel: Handler = async (deps, { query }) => {
  const id = query.get("id");
  if (!id) throw invalid("build ID not provided");
  deps.build.running.find(id)?.cancel();
  deps.buildkit.jobs.cancel(id);
  return empty(200);
};

/** A cache that a build exported (`cacheto=type=local`), as the archive of an OCI layout. */
const exported: Handler = async (deps, { query }) =>
  stream(
    "application/x-tar",
    await cacheLayout(deps.build, parseDigest(query.get("digest")), query.get("tag") || "latest"),
  );

/** The files of an image as they were built, for `-o type=local|tar`. */
const rootfs: Handler = (deps, { query }) => stream("application/x-tar", rootfsArchive(deps.build, query.get("image")));

/** `/build` and what is below it. Content, export and rootfs are Berth's own. */
export const buildRoutes: readonly Route[] = [
  { id: "ImageBuild", method: "POST", path: "/build", handle: build },
  { id: "BuildContent", method: "POST", path: "/build/content", handle: sendContent },
  { id: "BuildPrune", method: "POST", path: "/build/prune", since: "1.31", handle: prune },
  { id: "BuildCacheExport", method: "GET", path: "/build/cache", handle: exported },
  { id: "BuildRootfs", method: "GET", path: "/build/rootfs", handle: rootfs },
  { id: "BuildCancel", method: "POST", path: "/build/cancel", since: "1.39", handle: cancel },
];
