import type { AuthConfig, AuthResponse } from "../../api/types/system.ts";
import { EngineError, unauthorized } from "../../lib/errors.ts";
import { endpoints } from "./endpoints.ts";
import { onEndpoint } from "./on-endpoint.ts";
import type { RemoteContext } from "./remote-context.ts";

const hubAddresses = new Set(["", "https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"]);

/** The registry's name as references carry it, of an address as `docker login` keeps it. */
export function domainOf(serverAddress: string): string {
  if (hubAddresses.has(serverAddress)) return "docker.io";
  return serverAddress.replace(/^https?:\/\//, "").split("/")[0] ?? serverAddress;
}

/** Tries credentials on a registry. Throws `unauthorized` where it refuses them. */
export async function checkAuth(ctx: RemoteContext, auth: AuthConfig): Promise<AuthResponse> {
  const domain = domainOf(auth.serveraddress ?? "");
  return onEndpoint(ctx, endpoints(domain, ctx.config(), "push"), auth, async (client) => {
    const { url } = client.endpoint;
    const response = await client.call("/v2/", "", { accept: [401] }).catch((error: unknown) => {
      throw error instanceof EngineError && error.kind === "unauthorized" ? unauthorized(`Get "${url}/v2/": ${error.message}`, error) : error;
    });
    await response.body?.cancel();
    if (response.status === 401) throw unauthorized(`login attempt to ${url}/v2/ failed with status: 401 Unauthorized`);
    return { Status: "Login Succeeded", IdentityToken: client.identityToken ?? "" };
  });
}
