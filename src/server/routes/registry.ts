import { forbidden } from "../../lib/errors.ts";
import { pullImage as pull } from "../../image/remote/pull.ts";
import type { Platform } from "../../oci/image.ts";
import { familiarName, parseReference } from "../../oci/reference.ts";
import type { ServerContext } from "../context.ts";
import { progress } from "../http/progress.ts";
import type { Reply } from "../http/reply.ts";
import type { ApiRequest } from "../http/router.ts";
import { decodeAuthHeader } from "../schema/auth.ts";

/** `POST /images/create?fromImage=…`. A reference without tag or digest means all tags. */
export function pullImage(ctx: ServerContext, { query, headers, signal }: ApiRequest, platform: Platform | undefined): Promise<Reply> {
  const name = query.get("fromImage").replace(/:$/, "");
  const tag = query.get("tag");
  const reference = tag === "" ? name : /^[a-z0-9+.-]+:[0-9a-fA-F]{32,}$/.test(tag) ? `${name}@${tag}` : `${name}:${tag}`;
  const parsed = parseReference(reference);
  if (familiarName(parsed) === "scratch") throw forbidden("'scratch' is a reserved name");
  const auth = decodeAuthHeader(headers.get("x-registry-auth"));
  return progress(pull(ctx.remote, {
    reference, allTags: parsed.tag === undefined && parsed.digest === undefined, signal, ...(platform && { platform }), ...(auth && { auth }),
  }));
}
