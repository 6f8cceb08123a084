import { rotationLimits, rotationOptions } from "../limits.ts";
import type { LogDriver } from "./driver.ts";

/** Kept by the engine, in its own format alone. */
export const local: LogDriver = {
  name: "local",
  unknownOption: (option) => `unknown log opt '${option}' for log driver local`,
  kept: true,
  readable: () => true,
  collected: false,
  options: rotationOptions,
  limits: (options) => rotationLimits(options),
};
