import { invalid } from "../../../lib/errors.ts";
import { goBoolean } from "../../../lib/go-boolean.ts";
import { explainedLimits, type LogLimits, rotationOptions } from "../limits.ts";
import type { LogDriver, LogOptions } from "./driver.ts";

/** Kept by the engine, in its own format alone. */
export const local: LogDriver = {
  name: "local",
  unknownOption: (option) => `unknown log opt '${option}' for log driver local`,
  kept: true,
  readable: () => true,
  collected: false,
  options: rotationOptions,
  limits,
};

function limits(options: LogOptions): LogLimits {
  const { "max-file": count = "", compress = "true" } = options;
  if (/^-\d+$/.test(count)) throw invalid("max file count cannot be less than 0");
  if (/^\+?0*[01]$/.test(count) && goBoolean(compress) === true)
    throw invalid("compression cannot be enabled when max file count is 1");
  return explainedLimits(options, (name, value, reason) =>
    name === "compress"
      ? `error reading compress log option: ${reason}`
      : `invalid value for ${name}: ${value}: ${reason}`,
  );
}
