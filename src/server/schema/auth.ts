import type { AuthConfig } from "../../api/types/system.ts";
import { object, string } from "./schema.ts";

export const authConfig = object<AuthConfig>({
  username: string, password: string, auth: string, serveraddress: string, identitytoken: string, registrytoken: string,
});

/** The credentials of `X-Registry-Auth`: JSON in base64url. What cannot be read counts as none, as with Docker. */
export function decodeAuthHeader(header: string | undefined): AuthConfig | null {
  if (!header) return null;
  try {
    const auth = authConfig(JSON.parse(Buffer.from(header, "base64url").toString()), "AuthConfig");
    return Object.keys(auth).length > 0 ? auth : null;
  } catch {
    return null;
  }
}
