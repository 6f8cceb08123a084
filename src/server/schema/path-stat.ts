import type { PathStat } from "../../container/files/container-path.ts";
import { invalid } from "../../lib/errors.ts";
import type { ApiRequest } from "../http/router.ts";

/** The path that an archive is of. Throws `invalid` where there is none. */
export function archivePath({ query }: ApiRequest): string {
  const path = query.get("path");
  if (path === "") throw invalid("bad parameter: path cannot be empty");
  return path;
}

/** What is at the path, in the header that Docker's clients read. */
export const pathStatHeader = (stat: PathStat) => ({
  "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64"),
});
