import { isNotFound } from "../lib/errors.ts";
import { pullReference } from "../image/remote/pull.ts";
import type { RemoteContext } from "../image/remote/remote-context.ts";
import { resolveImage } from "../image/resolve.ts";
import { parseReference, withDefaultTag } from "../oci/reference.ts";
import type { BuildContext } from "./context.ts";
import type { BuildRequest } from "./request.ts";
import type { ImageSource } from "./solve.ts";

/** The images that a build names: those that are here, else (or with `--pull`) those of the registry. */
export function imageSource(ctx: BuildContext, remote: RemoteContext, request: Pick<BuildRequest, "pull" | "auth">): ImageSource {
  return async (name, platform, tell, signal) => {
    if (!request.pull) {
      try {
        return resolveImage(ctx.images, name, { platform });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const ref = withDefaultTag(parseReference(name));
    const auth = request.auth(ref.domain);
    const { imageId } = await pullReference(remote, ref, { platform, keepName: true, ...(auth && { auth }) }, (event) => {
      // The bars of a pull's layers are too much inside a build's transcript.
      if (event.status && event.progressDetail?.current === undefined) tell(event.id ? `${event.id}: ${event.status}` : event.status);
    }, signal);
    return resolveImage(ctx.images, imageId);
  };
}
