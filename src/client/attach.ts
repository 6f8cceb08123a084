/** Raw streams of containers and execs. */
import type { Client, Hijacked } from "./client.ts";
import { pathPart } from "./path.ts";

export interface AttachOptions {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  logs?: boolean;
  detachKeys?: string;
}

export function attachContainer(client: Client, container: string, options: AttachOptions): Promise<Hijacked> {
  return client.hijack(`/containers/${pathPart("container", container)}/attach`, { query: { stream: true, ...options } });
}
