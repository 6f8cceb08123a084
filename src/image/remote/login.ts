import type { AuthConfig, AuthResponse } from "../../api/types/system.ts";
import { internal } from "../../lib/errors.ts";
import type { RemoteDeps } from "./deps.ts";
import { endpoints } from "./endpoints.ts";
import { onEndpoint } from "./on-endpoint.ts";

const hubAddresses = new Set([
  "",
  "https://index.docker.io/v1/",
  "index.docker.io",
  "docker.io",
  "registry-1.docker.io",
]);

/** The registry's name as references carry it, of an address as `docker login` keeps it. */
function domainOf(serverAddress: string): string {
  if (hubAddresses.has(serverAddress)) return "docker.io";
  return serverAddress.replace(/^https?:\/\//, "").split("/")[0] ?? serverAddress;
}

/**
 * Tries credentials on a registry. Throws `internal` where it refuses them, and what its token service says as it is.
 */
export async function checkAuth(deps: RemoteDeps, auth: AuthConfig): Promise<AuthResponse> {
  const domain = domainOf(auth.serveraddress ?? "");
  return onEndpoint(deps, endpoints(domain, deps.config(), "push"), auth, async (client) => {
    const url = `${client.endpoint.url}/v2/`;
    const { status, statusText, body } = await client.call("/v2/", "", { accept: "all" });
    await body?.cancel();
    if (status !== 200) throw internal(`login attempt to ${url} failed with status: ${status} ${statusText}`);
    return { Status: "Login Succeeded", IdentityToken: client.identityToken ?? "" };
  });
}
