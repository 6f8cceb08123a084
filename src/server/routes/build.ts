import { progressError, type ProgressEvent } from "../../api/progress.ts";
import { parseFilters } from "../../api/filters.ts";
import { checkBuild, prepareBuild, startBuild, type Build } from "../../build/build.ts";
import { excerpt } from "../../build/dockerfile/source.ts";
import { drawPlan } from "../../build/plan.ts";
import { pruneCache } from "../../build/prune.ts";
import { cacheLayout } from "../../build/cache/layout.ts";
import { rootfsArchive } from "../../build/rootfs.ts";
import { RunFailed } from "../../build/stage.ts";
import { errorMessage, invalid, notFound } from "../../lib/errors.ts";
import { parseDigest } from "../../oci/digest.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { newId, shortId } from "../../lib/ids.ts";
import { readBuild } from "../build/request.ts";
import { transcript } from "../build/transcript.ts";
import { progress } from "../http/progress.ts";
import { empty, json, stream } from "../http/reply.ts";
import type { Handler, Route } from "../http/router.ts";

const build: Handler = async (ctx, request) => {
  const { query, signal } = request;
  const undo = new AsyncDisposableStack();
  try {
    const { asked, content } = await readBuild(ctx.build, request, undo);
    if (query.bool("check") || query.bool("graph")) {
      const { dockerfile, plans } = prepareBuild(asked);
      const { findings } = checkBuild(ctx.build, asked, { dockerfile, plans });
      await undo.disposeAsync();
      if (query.bool("graph")) return json(200, { Graph: plans.map(drawPlan).join("\n\n") });
      return json(200, findings.map(({ rule, message, range }) => ({ Rule: rule, Message: message, Line: range.start, EndLine: range.end, File: asked.dockerfileName, Source: excerpt(range, asked.dockerfile) })));
    }
    const running = startBuild(ctx.build, ctx.remote, asked);
    signal.addEventListener("abort", () => running.cancel(), { once: true });
    running.signal.addEventListener("abort", () => content?.fail(running.signal.reason), { once: true });
    content?.serve((entries) => running.events.emit({ kind: "need", entries }));
    const id = query.get("buildid") || newId();
    ctx.runningBuilds.set(id, { build: running, content });
    undo.defer(() => void ctx.runningBuilds.delete(id));
    return await progress(tell(running, { quiet: query.bool("q"), events: query.get("progress") === "events", tags: asked.tags }, undo));
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
};

/** The client's answer to a `need`. */
const sendContent: Handler = async (ctx, { query, body }) => {
  const content = ctx.runningBuilds.get(query.get("buildid"))?.content;
  if (!content) throw notFound(`no build ${query.get("buildid")} waits for content`);
  await content.receive(body);
  return empty(200);
};

/** What the client is sent: the classic transcript, or the events themselves for those that draw a build of their own. */
async function* tell(running: Build, options: { quiet: boolean; events: boolean; tags: string[] }, undo: AsyncDisposableStack): AsyncGenerator<ProgressEvent> {
  await using _undo = undo;
  running.result.catch(() => {});
  try {
    if (options.events) {
      for await (const event of running.events) yield { id: "berth.build", aux: event.kind === "output" ? { ...event, data: Buffer.from(event.data).toString("base64") } : event };
    } else if (options.quiet) {
      for await (const event of running.events) if (event.kind === "need") yield { id: "berth.build", aux: event };
    } else yield* transcript(running.events);
    const { id, images, descriptor, caches } = await running.result;
    yield { aux: { ID: id, Images: images.map((image) => ({ ID: image.id, Platform: formatPlatform(image.platform) })), ...(descriptor && { Descriptor: descriptor }), ...(caches.length > 0 && { Caches: caches }) } };
    if (options.quiet) yield { stream: `${id}\n` };
    else if (!options.events) {
      yield { stream: `Successfully built ${shortId(id)}\n` };
      for (const tag of options.tags) yield { stream: `Successfully tagged ${/:[^/]*$/.test(tag) ? tag : `${tag}:latest`}\n` };
    }
  } catch (error) {
    yield progressError(errorMessage(error), error instanceof RunFailed ? error.exitCode : undefined);
  } finally {
    running.cancel();
    await running.result.catch(() => {});
  }
}

const prune: Handler = async (ctx, { query }) => {
  const filters = parseFilters(query.get("filters"));
  filters.validate(["until", "unused-for", "id", "parent", "type", "description", "inuse", "shared", "private"]);
  const until = filters.get("until")[0] ?? filters.get("unused-for")[0];
  const { deleted, reclaimed } = await pruneCache(ctx.build, {
    all: query.bool("all"), keepStorage: query.int("keep-storage") ?? query.int("reserved-space") ?? 0,
    unusedSince: until === undefined ? undefined : new Date(Date.now() - durationMs(until)),
    matches: (record) => [["id", record.ID], ["parent", record.Parents?.[0]], ["type", record.Type], ["description", record.Description]].every(([key, value]) => {
      const wanted = filters.get(key ?? "");
      return wanted.length === 0 || wanted.some((each) => value?.includes(each));
    }) && [["inuse", record.InUse], ["shared", record.Shared], ["private", !record.Shared]].every(([key, value]) => !filters.has(String(key)) || value === true),
  });
  return json(200, { CachesDeleted: deleted, SpaceReclaimed: reclaimed });
};

/** `24h`, `1h30m`; or a Unix time in seconds. */
function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)];
  if (parts.length > 0 && parts.map(([whole]) => whole).join("") === text) {
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * ({ h: 3600e3, m: 60e3, s: 1e3 }[unit ?? ""] ?? 0), 0);
  }
  const at = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(at)) throw invalid(`failed to parse "until" as a duration or a time: ${text}`);
  return Date.now() - at;
}

const cancel: Handler = async (ctx, { query }) => {
  const id = query.get("id");
  if (!id) throw invalid("build ID not provided");
  ctx.runningBuilds.get(id)?.build.cancel();
  return empty(200);
};

/** A cache that a build exported (`cacheto=type=local`), as the archive of an OCI layout. */
const exported: Handler = async (ctx, { query }) => stream("application/x-tar", await cacheLayout(ctx.build, parseDigest(query.get("digest")), query.get("tag") || "latest"));

/** The files of an image as they were built, for `-o type=local|tar`. */
const rootfs: Handler = (ctx, { query }) => stream("application/x-tar", rootfsArchive(ctx.build, query.get("image")));

export const buildRoutes: readonly Route[] = [
  { id: "ImageBuild", method: "POST", path: "/build", handle: build },
  { id: "BuildContent", method: "POST", path: "/build/content", handle: sendContent },
  { id: "BuildPrune", method: "POST", path: "/build/prune", since: "1.31", handle: prune },
  { id: "BuildCacheExport", method: "GET", path: "/build/cache", handle: exported },
  { id: "BuildRootfs", method: "GET", path: "/build/rootfs", handle: rootfs },
  { id: "BuildCancel", method: "POST", path: "/build/cancel", since: "1.39", handle: cancel },
];
