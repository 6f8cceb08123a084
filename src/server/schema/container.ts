import { createFields, hostConfigFields } from "../../api/schema/container.ts";
import { type Infer, string, strings, struct } from "../../api/schema/schema.ts";

/** Body of container create, with the fields that have gone from the API and only older clients send. */
export type LegacyCreate = Infer<typeof createRequest>;
/** Reads a {@link LegacyCreate}. Throws `invalid`, with the field's name. */
export const createRequest = struct({
  ...createFields,
  HostConfig: struct({ ...hostConfigFields, Capabilities: strings }),
  MacAddress: string,
});
