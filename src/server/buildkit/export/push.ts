import type { Packed } from "../../../builder/export/pack.ts";
import { endpoints, type RegistriesConfig } from "../../../image/remote/endpoints.ts";
import { onEndpoint } from "../../../image/remote/on-endpoint.ts";
import { type PushedManifest, pushBlobs, putManifests } from "../../../image/remote/push.ts";
import { EngineError, errorMessage, invalid } from "../../../lib/errors.ts";
import { own } from "../../../lib/own.ts";
import { fullString, type Reference, withDefaultTag } from "../../../oci/reference.ts";
import type { ServerDeps } from "../../deps.ts";
import type { Step } from "../progress.ts";
import { flag } from "./attributes.ts";
import type { Attributes, Exporting } from "./exporter.ts";

/** Where an image goes besides. */
export interface PushAttributes {
  /** By its digest alone, without a tag. */
  byDigest: boolean;
  insecure: boolean;
}

/** Undefined: nowhere. Throws `invalid`. */
export function pushAttributes(attributes: Attributes, names: readonly Reference[]): PushAttributes | undefined {
  const byDigest = flag(attributes, "push-by-digest");
  const insecure = flag(attributes, "registry.insecure");
  if (!flag(attributes, "push")) return undefined;
  if (names.length === 0) throw invalid("tag is needed when pushing to registry");
  const tagged = byDigest ? names.find(({ tag }) => tag !== undefined) : undefined;
  if (tagged) throw invalid(`can't push tagged ref ${fullString(tagged)} by digest`);
  return { byDigest, insecure };
}

/** Sends what was packed to the registry of each name, with the client's credentials. */
export async function pushPacked(
  { deps, solved, job }: Exporting,
  step: Step,
  packed: Packed,
  names: readonly Reference[],
  { byDigest, insecure }: PushAttributes,
): Promise<void> {
  const below = [...packed.manifests, ...packed.attestations];
  const { digest, mediaType } = packed.top;
  for (const name of names) {
    const ref = byDigest ? name : withDefaultTag(name);
    const manifest: PushedManifest = {
      content: packed.content,
      mediaType,
      tag: byDigest ? digest : (ref.tag ?? digest),
      below: packed.indexed ? below : below.map(({ blobs }) => ({ blobs })),
    };
    try {
      const auth = await solved.request.session.credentials(ref.domain);
      const places = endpoints(ref.domain, configFor(deps, ref, insecure), "push");
      await onEndpoint(deps.remote, places, auth, async (client) => {
        const layers = "pushing layers";
        step.status(layers);
        await pushBlobs(
          deps.remote,
          client,
          ref,
          below.flatMap(({ blobs }) => blobs),
          () => {},
          job.signal,
        );
        step.status(layers, { done: true });
        const text = `pushing manifest for ${fullString({ ...ref, digest })}`;
        step.status(text);
        await putManifests(deps.remote, client, ref, manifest, job.signal);
        step.status(text, { done: true });
      });
    } catch (error) {
      job.signal.throwIfAborted();
      const kind = error instanceof EngineError ? error.kind : "internal";
      throw new EngineError(kind, `failed to push ${fullString(ref)}: ${errorMessage(error)}`, { cause: error });
    }
  }
}

function configFor({ remote }: Pick<ServerDeps, "remote">, { domain }: Reference, insecure: boolean): RegistriesConfig {
  const config = remote.config();
  if (!insecure) return config;
  return { ...config, registries: { ...config.registries, [domain]: { ...own(config.registries, domain), insecure } } };
}
