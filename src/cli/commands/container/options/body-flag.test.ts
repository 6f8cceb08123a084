/** What docker has no record of: flags of our own, and rows that `update` shares. */
import { expect, test } from "bun:test";
import { parseFlags } from "../../../flags/parse.ts";
import updateCommand from "../update.ts";
import { type Draft, fill } from "./body-flag.ts";
import { containerFlags, createFlags } from "./flags.ts";

function draft(flags: Parameters<typeof parseFlags>[0], ...words: string[]): Draft {
  const made: Draft = { config: {}, host: {} };
  fill(made, flags, parseFlags(flags, words, false).values);
  return made;
}

test("--health-on-failure is absent unless it is given", () => {
  expect(draft(createFlags).host).not.toHaveProperty("HealthOnFailure");
  expect(draft(createFlags, "--health-on-failure", "restart").host.HealthOnFailure).toBe("restart");
  expect(draft(updateCommand.flags).host).not.toHaveProperty("HealthOnFailure");
  expect(draft(updateCommand.flags, "--health-on-failure=none").host.HealthOnFailure).toBe("none");
  expect(() => draft(createFlags, "--health-on-failure", "reboot")).toThrow(
    'invalid argument "reboot" for "--health-on-failure" flag: must be one of none, restart, stop, kill',
  );
});

test("no two flags set the same field", () => {
  const fields = new Map<string, string>();
  for (const [name, flag] of Object.entries(containerFlags)) {
    const { config, host } = draft({ [name]: { ...flag, initial: flag.initial ?? 0 } });
    for (const field of [...Object.keys(config), ...Object.keys(host)]) {
      expect([field, fields.get(field)]).toEqual([field, undefined]);
      fields.set(field, name);
    }
  }
  expect(fields.size).toBeGreaterThan(40);
});
