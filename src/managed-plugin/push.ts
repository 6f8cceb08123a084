import type { ProgressEvent } from "../api/progress.ts";
import type { RegistryCredentials } from "../image/remote/credentials.ts";
import { endpoints } from "../image/remote/endpoints.ts";
import { onEndpoint } from "../image/remote/on-endpoint.ts";
import { pushOne, putManifests } from "../image/remote/push.ts";
import { EngineError, internal } from "../lib/errors.ts";
import { told } from "../lib/event-queue.ts";
import { shortId } from "../lib/ids.ts";
import { parseManifest } from "../oci/parse.ts";
import { familiarName, parseReference } from "../oci/reference.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { findPlugin } from "./lookup.ts";

/** `docker plugin push`: sends a plugin to the registry that its name says, and tells how it goes. */
export function pushPlugin(
  deps: ManagedPluginDeps,
  name: string,
  auth: RegistryCredentials | undefined,
  outer: AbortSignal,
): AsyncGenerator<ProgressEvent> {
  const plugin = findPlugin(deps, name);
  const ref = parseReference(plugin.name);
  return told<ProgressEvent>(async (tell, signal) => {
    const content = await deps.images.blobs.read(plugin.manifestDigest);
    const { mediaType = "", config, layers } = parseManifest(content);
    tell({ status: `The push refers to repository [${familiarName(ref)}]` });
    const say = (status: string, digest: string) => tell({ status, progressDetail: {}, id: shortId(digest) });
    const blobs = [...layers, config];
    for (const digest of [plugin.manifestDigest, ...blobs.map((blob) => blob.digest)]) say("Preparing", digest);
    try {
      await onEndpoint(deps.remote, endpoints(ref.domain, deps.remote.config(), "push"), auth, async (client) => {
        for (const blob of blobs) {
          const id = shortId(blob.digest);
          const sent = (current: number) =>
            tell({ status: "Pushing", progressDetail: { current, total: blob.size }, id }, id);
          await pushOne(deps.remote, client, ref, blob, sent, signal);
          say("Upload complete", blob.digest);
        }
        await putManifests(
          deps.remote,
          client,
          ref,
          { content, mediaType, tag: ref.tag ?? "latest", below: [] },
          signal,
        );
        say("Upload complete", plugin.manifestDigest);
      });
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind === "cancelled") throw error;
      throw internal(`error pushing plugin: ${error.message}`, error);
    }
    tell({ progressDetail: {}, aux: { Tag: ref.tag, Digest: plugin.manifestDigest, Size: content.length } });
  }, outer);
}
