import { expect, test } from "bun:test";
import { daemonOptions } from "./options/all.ts";
import { resolveConfig } from "./resolve.ts";

/** Notes which keys it is asked for. */
class Watched extends Map<string, unknown> {
  readonly read = new Set<string>();

  override get(key: string): unknown {
    this.read.add(key);
    return super.get(key);
  }
}

test("every option that has an effect is read, and no other", () => {
  const given = new Watched();
  // Read only where it is given: to leave it out means something else than false.
  given.set("tls", false);
  resolveConfig(given, "", {
    notifySocket: null,
    listenFds: 0,
    systemBus: "",
    proxies: { http: "", https: "", no: "" },
  });
  const effective = daemonOptions.filter(({ support }) => support === undefined).map(({ key }) => key);
  expect([...given.read].sort()).toEqual(effective.sort());
});
