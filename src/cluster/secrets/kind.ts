import type { ConfigSpec, SecretSpec } from "../../api/types/swarm.ts";
import { invalid } from "../../lib/errors.ts";

/** Secrets and configs are alike, but for who may read them. */
export type SecretKind = "secret" | "config";

/** Bytes that the data of one must stay below. */
const limits: Record<SecretKind, number> = { secret: 500 * 1024, config: 1000 * 1024 };
const names = /^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$/;

/** A spec with all that one always has. Throws `invalid` on a name or data that cannot be. */
export function completeSpec<T extends SecretSpec & ConfigSpec>(
  kind: SecretKind,
  spec: T,
): T & { Name: string; Labels: Record<string, string>; Data: string } {
  const { Name = "", Labels = {}, Data = "" } = spec;
  if (Name === "") throw invalid("name must be provided");
  if (Name.length > 64 || !names.test(Name))
    throw invalid(
      "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]",
    );
  const size = Buffer.from(Data, "base64").length;
  if (!spec.Driver && (size === 0 || size >= limits[kind]))
    throw invalid(`${kind} data must be larger than 0 and less than ${limits[kind]} bytes`);
  return { ...spec, Name, Labels, Data };
}
