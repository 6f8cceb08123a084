import { rotationLimits, rotationOptions } from "../limits.ts";
import type { LogDriver } from "./driver.ts";

/** Options that change what each line carries. */
const attributeOptions = ["labels", "labels-regex", "env", "env-regex", "tag"];

/** Kept by the engine, and written once more as Docker writes it. */
export const jsonFile: LogDriver = {
  name: "json-file",
  title: "json-file log driver",
  readable: true,
  collected: true,
  options: [...rotationOptions, ...attributeOptions],
  // Docker's keeps one file where only its size is named; who sets a limit there means all of it.
  limits: (options) => rotationLimits(options, { maxFiles: 1, compress: false }),
};
