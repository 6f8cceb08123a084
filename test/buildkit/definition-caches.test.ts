/** Caches from elsewhere stand for operations of definitions, as long as they have what they promise. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { controlPaths, SolveRequest, SolveResponse } from "../../src/api/buildkit/control.ts";
import { startRegistry } from "../build/registry.ts";
import { Daemon } from "../harness.ts";
import { busybox, definition, shell } from "./definitions.ts";
import { buildByWire, follow, wireClient } from "./wire.ts";

let daemon: Daemon;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  [daemon, registry] = await Promise.all([Daemon.start(), startRegistry()]);
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const uuid = "cat /proc/sys/kernel/random/uuid";
const cacheOf = (ref: string) => ({ type: "registry", attrs: new Map([["ref", ref]]) });
const forget = async () => {
  expect((await daemon.api("POST", "/build/prune?all=true")).status).toBe(200);
};

/** Two commands, each with a text of its own; what they wrote, and their vertices by name. */
async function built(name: string, imports: string[], exported?: string) {
  const state = shell(shell(busybox, `${uuid} > /${name}`), `${uuid} >> /${name}`);
  let text = "";
  const cache = exported === undefined ? {} : { cache: { exports: [cacheOf(exported)] } };
  const { vertices } = await buildByWire(
    daemon.socket,
    {},
    async (build) => {
      const id = await build.solve(definition(state), false, imports.map(cacheOf));
      text = await build.read(id, `/${name}`);
      return id;
    },
    [],
    cache,
  );
  const steps = [...vertices.values()].filter((each) => each.name.includes(uuid));
  return { text, cached: steps.map(({ cached }) => cached), vertices };
}

test("a frontend's solution takes what a cache has, and does what it has not", async () => {
  const ref = `${registry.host}/cache:one`;
  const first = await built("one", [], ref);
  expect(first.cached).toEqual([false, false]);
  await forget();
  const again = await built("one", [ref]);
  expect(again).toMatchObject({ text: first.text, cached: [true, true] });
  expect(again.vertices.get(`importing cache manifest from ${ref}`)).toMatchObject({ error: "" });
  expect((await built("other", [ref])).cached).toEqual([false, false]);
});

test("a cache that is not there is told, and the build goes on", async () => {
  const ref = `${registry.host}/none:x`;
  const { cached, vertices } = await built("none", [ref]);
  expect(cached).toEqual([false, false]);
  expect(vertices.get(`importing cache manifest from ${ref}`)?.error).toContain("manifest unknown");
});

test("a cache whose layers are gone is done without", async () => {
  const ref = `${registry.host}/cache:gone`;
  const first = await built("gone", [], ref);
  await forget();
  const data = join(registry.root, "data");
  for (const path of readdirSync(data, { recursive: true, encoding: "utf8" }).filter((each) => /data$/.test(each))) {
    const [a, b] = readFileSync(join(data, path)).subarray(0, 2);
    if ((a === 0x1f && b === 0x8b) || (a === 0x28 && b === 0xb5)) rmSync(join(data, path));
  }
  const again = await built("gone", [ref]);
  expect(again.text).toMatch(/^[0-9a-f-]{36}\n[0-9a-f-]{36}\n$/);
  expect(again.text).not.toBe(first.text);
});

test("a request that is a definition takes its own", async () => {
  const ref = `${registry.host}/cache:whole`;
  const state = shell(busybox, `${uuid} > /whole`);
  const solve = async (cache: NonNullable<Parameters<typeof encodeRequest>[0]>) => {
    await using connected = await wireClient(daemon.socket);
    const { client, ref: name, session } = connected;
    const request = { ...encodeRequest(cache), ref: name, session, definition: definition(state) };
    const solving = client.unary(controlPaths.solve, SolveRequest, SolveResponse, request);
    const vertices = await follow(client, name);
    await solving;
    return [...vertices.values()].find((each) => each.name.includes(uuid))?.cached;
  };
  expect(await solve({ exports: [cacheOf(ref)] })).toBe(false);
  await forget();
  expect(await solve({ imports: [cacheOf(ref)] })).toBe(true);
});

const encodeRequest = (cache: { exports?: ReturnType<typeof cacheOf>[]; imports?: ReturnType<typeof cacheOf>[] }) => ({
  cache,
  exporters: [{ type: "moby", attrs: new Map([["name", "whole"]]) }],
});
