import type { RemoteDeps } from "../../image/remote/deps.ts";
import { pullReference } from "../../image/remote/pull.ts";
import { resolveImage } from "../../image/resolve.ts";
import { isNotFound } from "../../lib/errors.ts";
import { isDigest } from "../../oci/digest.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildSession } from "../session/session.ts";
import type { ImageSource } from "./solving.ts";

/** The images that a build names: those that are here, else (or with `--pull`) those of the registry. */
export function imageSource(
  deps: BuilderDeps,
  remote: RemoteDeps,
  request: { pull: boolean; session: Pick<BuildSession, "credentials"> },
): ImageSource {
  return async (name, platform, tell, signal) => {
    // One that is named by its digest alone is no registry's: the build was given it.
    if (!request.pull || isDigest(name)) {
      try {
        return resolveImage(deps.images, name, { platform });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const ref = withDefaultTag(parseReference(name));
    const auth = await request.session.credentials(ref.domain);
    const { imageId } = await pullReference(
      remote,
      ref,
      { platform, keepName: true, ...(auth && { auth }) },
      (event) => {
        // The bars of a pull's layers are too much inside a build's transcript.
        if (event.status && event.progressDetail?.current === undefined)
          tell(event.id ? `${event.id}: ${event.status}` : event.status);
      },
      signal,
    );
    return resolveImage(deps.images, imageId);
  };
}
