import { decodeJsonLines } from "../api/json-lines.ts";
import type { ProgressEvent } from "../api/progress.ts";
import type { Client, RequestOptions } from "./client.ts";

/**
 * A request that answers with progress events. An event that carries an error is yielded, not thrown: the drawer
 * decides.
 */
export async function* progress(
  client: Client,
  method: string,
  path: string,
  options: RequestOptions = {},
): AsyncGenerator<ProgressEvent> {
  const { body } = await client.stream(method, path, options);
  for await (const value of decodeJsonLines(body)) {
    if (typeof value === "object" && value !== null) yield value;
  }
}
