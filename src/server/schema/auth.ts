import { type AuthConfig, authConfig } from "../../api/schema/auth.ts";
import { parseJson } from "../../lib/parse-json.ts";

export { authConfig };

/** The credentials of `X-Registry-Auth`: JSON in base64url. What cannot be read counts as none, as with Docker. */
export function decodeAuthHeader(header: string | undefined): AuthConfig | null {
  if (!header) return null;
  try {
    const auth = authConfig(parseJson(Buffer.from(header, "base64url").toString()), "AuthConfig");
    return Object.keys(auth).length > 0 ? auth : null;
  } catch {
    return null;
  }
}
