import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { createNetwork } from "../../src/network/create.ts";
import { removeNetwork } from "../../src/network/remove.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { inside, TestNetworks } from "../network/harness.ts";
import { resolve } from "../network/resolve.ts";

/** The name service at its limits: more answers than a datagram holds, what is no query, very many at once. */
setDefaultTimeout(120_000);
let networks: TestNetworks;
const ids: string[] = [];
let asker = "";
beforeAll(async () => {
  networks = await TestNetworks.start();
  await createNetwork(networks.deps, { Name: "names" });
  const boxes = await Promise.all(
    Array.from({ length: 35 }, () =>
      networks.setUp({ networkMode: "names", endpoints: { names: { Aliases: ["many"] } } }),
    ),
  );
  ids.push(...boxes.map(({ id }) => id));
  asker = boxes[0]?.path ?? "";
});
afterAll(async () => {
  for (const id of ids) await tearDownSandbox(networks.deps, id);
  await removeNetwork(networks.deps, "names");
  await networks[Symbol.asyncDispose]();
});

const script = (name: string) => join(import.meta.dir, "../network", name);

/** A query for an address of `name`. */
function query(name: string, { recordClass = 1, opcode = 0, edns = 0 } = {}): Buffer {
  const labels = name
    .split(".")
    .map((label) => `${String.fromCharCode(label.length)}${label}`)
    .join("");
  const header = Buffer.from([0xab, 0xcd, 1 | (opcode << 3), 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]);
  return Buffer.concat([
    header,
    Buffer.from(`${labels}\0\0\x01\0`, "latin1"),
    Buffer.of(recordClass),
    edns ? Buffer.from([0, 0, 41, edns >> 8, edns & 255, 0, 0, 0, 0, 0, 0]) : Buffer.alloc(0),
  ]);
}

interface Reply {
  code: number;
  truncated: boolean;
  answers: number;
  length: number;
}

async function ask(...queries: Buffer[]): Promise<(Reply | null)[]> {
  const { stdout, stderr } = await inside(asker, [
    process.execPath,
    script("dns-ask.ts"),
    ...queries.map((bytes) => bytes.toString("hex")),
  ]);
  if (stderr !== "") throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line): Reply | null => {
      const bytes = Buffer.from(line, "hex");
      return line === "-"
        ? null
        : {
            code: bytes.readUInt16BE(2) & 15,
            truncated: (bytes.readUInt16BE(2) & 0x200) !== 0,
            answers: bytes.readUInt16BE(6),
            length: bytes.length,
          };
    });
}

test("as many addresses as the datagram holds, and word to come again", async () => {
  expect(await ask(query("many"), query("many", { edns: 560 }), query("many", { edns: 1232 }))).toEqual([
    { code: 0, truncated: true, answers: 30, length: 502 },
    { code: 0, truncated: true, answers: 33, length: 550 },
    { code: 0, truncated: false, answers: 35, length: 582 },
  ]);
  expect(await resolve(asker, "many", { tcp: true })).toHaveLength(35);
});

test("other classes, other things than queries, what cannot be read", async () => {
  const plain = query("many");
  const answer = Buffer.from(plain);
  answer[2] = 0x81;
  const twoQuestions = Buffer.from(plain);
  twoQuestions[5] = 2;
  const loop = Buffer.concat([plain.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  const codes = (
    await ask(
      query("many", { recordClass: 3 }),
      query("version.bind", { recordClass: 3 }),
      query("many", { recordClass: 255 }),
      query("many", { opcode: 2 }),
      query("many", { opcode: 5 }),
      plain.subarray(0, 15),
      twoQuestions,
      loop,
      answer,
      plain.subarray(0, 5),
    )
  ).map((reply) => reply?.code ?? null);
  expect(codes).toEqual([5, 5, 0, 4, 4, 1, 1, 1, null, null]);
});

test("five hundred at once are all answered", async () => {
  for (const sockets of ["500", "25"]) {
    const { stdout, stderr } = await inside(asker, [
      process.execPath,
      script("dns-burst.ts"),
      query("many").toString("hex"),
      "500",
      sockets,
    ]);
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe("500");
  }
});
