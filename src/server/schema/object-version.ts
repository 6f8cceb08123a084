import { invalid } from "../../lib/errors.ts";
import type { ApiRequest } from "../http/router.ts";

/**
 * The version of a cluster's object that the client has seen, the parameter `version`. Throws `invalid` where it is
 * missing or no number, in the words of Docker (`kind`: `service`).
 */
export function seenVersion({ query }: ApiRequest, kind: string): number {
  const text = query.get("version");
  if (!/^\d{1,15}$/.test(text))
    throw invalid(
      `invalid ${kind} version '${text}': strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return Number(text);
}
