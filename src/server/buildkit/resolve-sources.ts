import { gatewayPaths, ResolveImageConfigRequest, ResolveImageConfigResponse } from "../../api/buildkit/gateway.ts";
import type { Platform } from "../../api/buildkit/llb.ts";
import { ResolveSourceMetaRequest, ResolveSourceMetaResponse } from "../../api/buildkit/resolve.ts";
import { platformOf, resolve } from "../../builder/llb/sources/image.ts";
import { resolveLayout } from "../../builder/llb/sources/layout.ts";
import type { ImageRecord } from "../../image/record.ts";
import { errorMessage } from "../../lib/errors.ts";
import { type Method, unary } from "../../lib/grpc/method.ts";
import type { ServerCall } from "../../lib/grpc/server-call.ts";
import { fullString, parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { ServerDeps } from "../deps.ts";
import type { Job } from "./jobs.ts";
import { definitionsOf } from "./solve-definition.ts";

interface WantedImage {
  ref: string;
  platform: Platform | undefined;
  resolveMode: string;
  /** Name of the vertex; empty for none. */
  logName: string;
  /** It is in a layout of a client: the layout's name and the client's session, empty for those that are meant. */
  layout: { store: string; session: string } | undefined;
}

const imageScheme = "docker-image://";
const layoutScheme = "oci-layout://";
/** Where `ResolveImageConfig` is to look, in a field of its request. */
const layoutResolver = 1;

/** The methods by which frontends ask what a source is before they build upon it. */
export function resolveMethods(deps: ServerDeps, jobOf: (call: ServerCall) => Promise<Job>): Method[] {
  return [
    unary(
      gatewayPaths.resolveImageConfig,
      ResolveImageConfigRequest,
      ResolveImageConfigResponse,
      async (request, call) => {
        const { resolverType, sessionId, storeId } = request;
        const layout = resolverType === layoutResolver ? { store: storeId, session: sessionId } : undefined;
        return await imageConfig(deps, await jobOf(call), { ...request, layout });
      },
    ),
    unary(
      gatewayPaths.resolveSourceMeta,
      ResolveSourceMetaRequest,
      ResolveSourceMetaResponse,
      async ({ source, platform, resolveMode, logName }, call) => {
        const job = await jobOf(call);
        const { identifier, attrs } = source ?? { identifier: "", attrs: new Map<string, string>() };
        const scheme = [imageScheme, layoutScheme].find((each) => identifier.startsWith(each));
        if (scheme === undefined) return { source: { identifier, attrs } };
        const { ref, digest, config } = await imageConfig(deps, job, {
          ref: identifier.slice(scheme.length),
          platform,
          resolveMode: resolveMode || (attrs.get("image.resolvemode") ?? ""),
          logName,
          layout:
            scheme === layoutScheme
              ? { store: attrs.get("oci.store") ?? "", session: attrs.get("oci.session") ?? "" }
              : undefined,
        });
        return { source: { identifier: `${scheme}${ref}`, attrs }, image: { digest, config } };
      },
    ),
  ];
}

async function imageConfig(
  deps: ServerDeps,
  job: Job,
  { ref, platform, resolveMode, logName, layout }: WantedImage,
): Promise<{ digest: string; config: Uint8Array; ref: string }> {
  const { work } = await definitionsOf(deps, job);
  const step = logName === "" ? undefined : job.progress.step(logName);
  step?.start();
  try {
    const wanted = { ref, platform: platformOf(platform), pull: resolveMode === "pull" };
    const image = layout
      ? await resolveLayout(work, { ...wanted, store: layout.store || undefined, session: layout.session || undefined })
      : await resolve(work, wanted, (text) => step?.status(text));
    for (const chainId of image.chainIds) work.lease.add("layer", chainId);
    step?.done();
    return {
      digest: layout ? ref.slice(ref.lastIndexOf("@") + 1) : (image.manifestDigest ?? ""),
      config: await configOf(deps, image),
      ref: layout ? ref : fullString(withDefaultTag(parseReference(ref))),
    };
  } catch (error) {
    step?.fail(errorMessage(error));
    throw error;
  }
}

/** An image's configuration as it is kept. */
async function configOf({ images }: ServerDeps, image: ImageRecord): Promise<Uint8Array> {
  try {
    return await images.blobs.read(image.id);
  } catch {
    return Buffer.from(JSON.stringify(image.config));
  }
}
