import type { LogDriver } from "./driver.ts";

/** Nothing is kept. Options mean nothing, as in Docker. */
export const none: LogDriver = {
  name: "none",
  unknownOption: (option) => `unknown log opt '${option}' for log driver none`,
  kept: false,
  readable: () => false,
  collected: false,
  limits: () => null,
};
