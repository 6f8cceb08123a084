import { rotationLimits, rotationOptions } from "../limits.ts";
import { attributeOptions, type LogDriver } from "./driver.ts";

/** Kept by the engine, and written once more as Docker writes it. */
export const jsonFile: LogDriver = {
  name: "json-file",
  unknownOption: (option) => `unknown log opt '${option}' for json-file log driver`,
  kept: true,
  readable: () => true,
  collected: true,
  options: [...rotationOptions, ...attributeOptions],
  // Docker's keeps one file where only its size is named; who sets a limit there means all of it.
  limits: (options) => rotationLimits(options, { maxFiles: 1, compress: false }),
};
