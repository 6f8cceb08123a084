import type { AuthConfig, AuthResponse } from "../../api/types/system.ts";
import { EngineError, errorMessage, unauthorized, unavailable } from "../../lib/errors.ts";
import { RegistryClient } from "./client.ts";
import { endpoints } from "./endpoints.ts";
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
  let failure: unknown;
  for (const endpoint of endpoints(domain, ctx.config(), "push")) {
    const client = new RegistryClient(endpoint, auth, ctx.userAgent);
    try {
      const response = await client.call("/v2/", "", { accept: [401] });
      await response.body?.cancel();
      if (response.status === 401) throw unauthorized(`Get "${endpoint.url}/v2/": unauthorized: incorrect username or password`);
      return { Status: "Login Succeeded", IdentityToken: client.identityToken ?? "" };
    } catch (error) {
      if (error instanceof EngineError && error.kind === "unauthorized") throw unauthorized(/^Get /.test(error.message) ? error.message : `Get "${endpoint.url}/v2/": ${error.message}`, error);
      failure ??= error;
    }
  }
  throw failure instanceof EngineError ? failure : unavailable(errorMessage(failure), failure);
}
