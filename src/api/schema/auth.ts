/** Credentials for a registry, as clients send them: the schema that reads them, and by inference their type. */
import { type Infer, string, struct } from "./schema.ts";

/** Body of `POST /auth`, and the JSON within `X-Registry-Auth`. Each field may be absent or null. */
export type AuthConfig = Infer<typeof authConfig>;
/** Reads an {@link AuthConfig}. Throws `invalid`, with the field's name. */
export const authConfig = struct({
  username: string,
  password: string,
  serveraddress: string,
  identitytoken: string,
  registrytoken: string,
  /** base64 of `user:password`, as configuration files keep it. */
  auth: string,
});
