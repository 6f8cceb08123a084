import { EngineError, errorMessage } from "../../lib/errors.ts";
import { RegistryClient } from "./client.ts";
import type { RegistryCredentials } from "./credentials.ts";
import type { RemoteDeps } from "./deps.ts";
import type { Endpoint } from "./endpoints.ts";

/**
 * Tries mirrors, then the registry; what one of them cannot give, the next may. The error told is that of who answered.
 */
export async function onEndpoint<T>(
  deps: RemoteDeps,
  places: readonly Endpoint[],
  auth: RegistryCredentials | undefined,
  work: (client: RegistryClient) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  let asked = false;
  for (const [index, place] of places.entries()) {
    const last = index === places.length - 1;
    // Credentials are for the registry, not for those who mirror it.
    const client = new RegistryClient(place, place.mirror ? undefined : auth, deps.userAgent);
    try {
      // Where there is another place to ask, this one is tried with a small question before a large one.
      asked = false;
      if (!last) await client.ping();
      asked = true;
      return await work(client);
    } catch (error) {
      if (error instanceof EngineError && error.kind === "cancelled") throw error;
      // An answer says more than the failure to get one, so its error is the one that is told.
      if (failure === undefined || asked) failure = error;
      if (last || (!place.mirror && !(error instanceof EngineError && error.kind === "unavailable"))) break;
      deps.images.log.info("trying the next endpoint of a registry", {
        endpoint: place.url,
        error: errorMessage(error),
      });
    }
  }
  throw failure;
}
