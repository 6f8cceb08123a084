import type { LlbWork, Output, Told } from "../work.ts";
import type { SourceRequest } from "./request.ts";

const known = [
  "local.session",
  "local.unique",
  "local.includepattern",
  "local.followpaths",
  "local.excludepatterns",
  "local.sharedkeyhint",
  "local.differ",
  "local.metadatatransfer",
  "local.metadatatransferexclude",
];

/** `local://NAME`: a folder of the client. Its list comes now, content when somebody takes it. */
export async function localSource(
  { client }: LlbWork,
  { rest, attributes }: SourceRequest,
  told: Told,
): Promise<Output> {
  attributes.only(known);
  const [, prefix, session] = /^(?:([^:]*):)?(.*)$/s.exec(attributes.get("local.session") ?? "") ?? [];
  const files = await client.files(
    {
      name: prefix ? `${prefix}-${rest}` : rest,
      session: session || undefined,
      include: attributes.list("local.includepattern"),
      exclude: attributes.list("local.excludepatterns"),
      follow: attributes.list("local.followpaths"),
    },
    told,
  );
  return { files };
}
