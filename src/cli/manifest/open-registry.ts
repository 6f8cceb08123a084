import { getCredentials, registryKey } from "../auth/credentials.ts";
import type { CommandDeps } from "../deps.ts";
import { parseReference, type Reference, withDefaultTag } from "../reference.ts";
import { RegistryClient } from "./registry.ts";

/** A client of whatever registries the names ask for, with the credentials that are stored for them. */
export function openRegistry(deps: CommandDeps, insecure: boolean): RegistryClient {
  return new RegistryClient(insecure, (domain) => getCredentials(deps, registryKey(domain)));
}

/** A name with the tag `latest` where it has neither tag nor digest. */
export function manifestReference(name: string): Reference {
  return withDefaultTag(parseReference(name));
}
