import type { LogDriver } from "./driver.ts";
import { fluentd } from "./fluentd.ts";
import { gelf } from "./gelf.ts";
import { journald } from "./journald.ts";
import { jsonFile } from "./json-file.ts";
import { local } from "./local.ts";
import { none } from "./none.ts";
import { splunk } from "./splunk.ts";
import { syslog } from "./syslog.ts";

/** The drivers that come with the engine. */
export function builtinLogDrivers(): ReadonlyMap<string, LogDriver> {
  return new Map(
    [fluentd, gelf, journald, jsonFile, local, none, splunk, syslog].map((driver) => [driver.name, driver]),
  );
}
