import {
  FetchTokenRequest,
  FetchTokenResponse,
  GetTokenAuthorityRequest,
  GetTokenAuthorityResponse,
  sessionPaths,
} from "../../api/buildkit/session.ts";
import type { CredentialKeeper } from "../../image/remote/credentials.ts";
import { EngineError } from "../../lib/errors.ts";
import { GrpcError } from "../../lib/grpc/status.ts";
import type { ClientConnection } from "./sessions.ts";

/** As BuildKit calls itself before services that give tokens. */
const clientId = "buildkit-client";

/**
 * How a client fetches tokens for a registry itself, so that what they are fetched with stays there. Undefined: it does
 * not, and gives that away when it is asked.
 */
export async function clientTokens(
  { client, methods }: Pick<ClientConnection, "client" | "methods">,
  host: string,
  signal: AbortSignal,
): Promise<CredentialKeeper["token"] | undefined> {
  if (!methods.has(sessionPaths.fetchToken) || !methods.has(sessionPaths.getTokenAuthority)) return undefined;
  const authority = client.unary(
    sessionPaths.getTokenAuthority,
    GetTokenAuthorityRequest,
    GetTokenAuthorityResponse,
    { host, salt: crypto.getRandomValues(new Uint8Array(32)) },
    { signal },
  );
  const publicKey = await authority.then(
    (answer) => answer.publicKey,
    (error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof GrpcError) return new Uint8Array();
      throw error;
    },
  );
  if (publicKey.length === 0) return undefined;
  return async ({ realm, service, scopes }) => {
    const request = { clientId, host, realm, service, scopes };
    const { fetchToken } = sessionPaths;
    try {
      const answer = await client.unary(fetchToken, FetchTokenRequest, FetchTokenResponse, request, { signal });
      const age = answer.issuedAt > 0 ? Math.max(0, Math.floor(Date.now() / 1000) - answer.issuedAt) : 0;
      return { token: answer.token, seconds: Math.max(0, answer.expiresIn - age) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GrpcError)) throw error;
      // Without a cause: asking again would not help.
      throw new EngineError("unauthorized", `failed to authorize: ${error.message}`);
    }
  };
}
