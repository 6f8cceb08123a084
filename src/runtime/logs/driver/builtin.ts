import type { LogDrivers } from "./driver.ts";
import { jsonFile } from "./json-file.ts";
import { local } from "./local.ts";
import { none } from "./none.ts";
import { syslog } from "./syslog.ts";

/** The drivers that come with the engine. */
export function builtinLogDrivers(): LogDrivers {
  return new Map([jsonFile, local, none, syslog].map((driver) => [driver.name, driver]));
}
