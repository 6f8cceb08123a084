import type { Platform as WirePlatform } from "../../../api/buildkit/llb.ts";
import type { ImageRecord } from "../../../image/record.ts";
import { resolveImage } from "../../../image/resolve.ts";
import { isNotFound } from "../../../lib/errors.ts";
import type { Platform } from "../../../oci/image.ts";
import { hostPlatform, normalize } from "../../../oci/platform.ts";
import { fullString, parseReference, withDefaultTag } from "../../../oci/reference.ts";
import { imageUri } from "../../attest/provenance.ts";
import { imageSource as findImage } from "../../plan/base-image.ts";
import { noVariables } from "../../plan/variables.ts";
import { emptyResult, type StageResult } from "../../result.ts";
import { BadDefinition } from "../graph.ts";
import type { LlbWork, Output, Told } from "../work.ts";
import type { SourceRequest } from "./request.ts";

/** `docker-image://REF`: an image that is here, else the registry's. */
export async function imageSource(
  work: LlbWork,
  { vertex, rest, attributes }: SourceRequest,
  told: Told,
): Promise<Output> {
  attributes.only(["image.resolvemode", "image.recordtype", "image.layerlimit", "image.checksum"]);
  const pull = attributes.get("image.resolvemode") === "pull";
  const platform = platformOf(vertex.op.platform);
  const image = await resolve(work, { ref: rest, platform, pull }, (text) => told.status(text));
  const checksum = attributes.get("image.checksum");
  if (checksum !== undefined && checksum !== image.manifestDigest && checksum !== image.id)
    throw new BadDefinition(`image digest ${image.manifestDigest ?? image.id} for ${rest} does not match ${checksum}`);
  work.materials.set(imageUri(rest, image.platform), image.manifestDigest ?? image.id);
  const layers = asResult(image);
  for (const chainId of layers.chain) work.lease.add("layer", chainId);
  return { layers: limited(layers, attributes.number("image.layerlimit")) };
}

/** No more than so many of the layers. */
export function limited(layers: StageResult, limit = 0): StageResult {
  if (limit === 0) return layers;
  return { ...layers, chain: layers.chain.slice(0, limit), diffIds: layers.diffIds.slice(0, limit) };
}

/** Which image a reference means. Throws not-found, as registries say it. */
export async function resolve(
  { deps, remote, client, signal }: Pick<LlbWork, "deps" | "remote" | "client" | "signal">,
  { ref, platform, pull }: { ref: string; platform: Platform; pull: boolean },
  tell: (text: string) => void = () => {},
): Promise<ImageRecord> {
  const named = parseReference(ref);
  // An image that came from no registry is known by its own digest alone.
  if (named.digest !== undefined) {
    try {
      return resolveImage(deps.images, named.digest, { platform });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  const full = fullString(withDefaultTag(named));
  return findImage(deps, remote, { pull, session: client })(full, platform, tell, signal);
}

/** A platform as the engine has it; absent: this machine's. */
export function platformOf(platform: WirePlatform | undefined): Platform {
  if (!platform || platform.architecture === "") return hostPlatform();
  const { os, architecture, variant } = platform;
  return normalize({ os: os || "linux", architecture, ...(variant !== "" && { variant }) });
}

/** An image's files in layers. */
export function asResult(image: ImageRecord): StageResult {
  return {
    chain: image.chainIds,
    diffIds: image.diffIds,
    // A definition takes no more than files of an image; what it says of itself frontends ask for.
    config: emptyResult(image.platform).config,
    history: structuredClone(image.config.history ?? []),
    author: "",
    created: image.created,
    platform: image.platform,
    variables: noVariables,
    baseLayers: image.chainIds.length,
    imageId: "",
  };
}
