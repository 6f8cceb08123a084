import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { runCli } from "../testing.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync("/tmp/berth-context-");
});
afterEach(() => rmSync(home, { recursive: true }));

const run = (argv: string[], more: Parameters<typeof runCli>[1] = {}) => runCli(["--config", home, ...argv], more);
const inspect = async (name: string) => JSON.parse((await run(["context", "inspect", name])).stdout)[0];

test("create, use, update, remove", async () => {
  for (const part of ["ca", "cert", "key"]) writeFileSync(`${home}/${part}`, part);
  const created = await run([
    "context",
    "create",
    "far",
    "--description",
    "over there",
    "--docker",
    `host=tcp://far:2376,ca=${home}/ca,cert=${home}/cert,key=${home}/key`,
  ]);
  expect(created).toEqual({ code: 0, stdout: "far\n", stderr: 'Successfully created context "far"\n' });
  expect(await inspect("far")).toMatchObject({
    Name: "far",
    Metadata: { Description: "over there" },
    Endpoints: { docker: { Host: "tcp://far:2376", SkipTLSVerify: false } },
    TLSMaterial: { docker: ["ca.pem", "cert.pem", "key.pem"] },
  });
  expect((await run(["context", "use", "far"])).stderr).toBe('Current context is now "far"\n');
  expect((await run(["context", "show"])).stdout).toBe("far\n");
  expect(
    (await run(["context", "ls"])).stdout,
  ).toBe(`NAME      DESCRIPTION                               DOCKER ENDPOINT                ERROR
default   Current DOCKER_HOST based configuration   unix:///run/berth/berth.sock   
far *     over there                                tcp://far:2376                 
`);
  expect((await run(["context", "update", "far", "--docker", "host=unix:///x.sock"])).code).toBe(0);
  expect(await inspect("far")).toMatchObject({
    Metadata: { Description: "over there" },
    Endpoints: { docker: { Host: "unix:///x.sock" } },
    TLSMaterial: {},
  });
  expect((await run(["context", "rm", "far"])).stderr).toBe('context "far" is in use, set -f flag to force remove\n');
  expect((await run(["context", "rm", "-f", "far"])).stdout).toBe("far\n");
  expect((await run(["context", "show"])).stdout).toBe("default\n");
});

test("docker reads what is stored, and the other way round: export and import carry everything", async () => {
  writeFileSync(`${home}/ca`, "ca");
  await run(["context", "create", "one", "--docker", `host=tcp://one:1,ca=${home}/ca`]);
  expect((await run(["context", "export", "one", `${home}/one.tar`])).stderr).toBe(`Written file "${home}/one.tar"\n`);
  expect((await run(["context", "import", "two", `${home}/one.tar`])).stdout).toBe("two\n");
  expect(await inspect("two")).toMatchObject({
    Name: "two",
    Endpoints: { docker: { Host: "tcp://one:1" } },
    TLSMaterial: { docker: ["ca.pem"] },
  });
  expect((await run(["context", "import", "two", `${home}/one.tar`])).stderr).toBe('context "two" already exists\n');
  expect((await run(["context", "create", "three", "--from", "two", "--description", "copy"])).code).toBe(0);
  expect(await inspect("three")).toMatchObject({
    Metadata: { Description: "copy" },
    TLSMaterial: { docker: ["ca.pem"] },
  });
});

test("archives with other things in them are refused", async () => {
  const { encodeHeader, endOfArchive, padding } = await import("../../lib/tar/writer.ts");
  const { tarEntry } = await import("../../lib/tar/entry.ts");
  const archive = (name: string) =>
    Buffer.concat([encodeHeader(tarEntry({ name, size: 2 })), Buffer.from("{}"), padding(2), endOfArchive()]);
  for (const [name, text] of [
    ["../x", "../x: unexpected context file"],
    ["tls/a/../b", "tls/a/../b: unexpected path format"],
    ["tls/a", "archive format is invalid"],
  ] as const) {
    expect((await run(["context", "import", "bad", "-"], { stdin: archive(name) })).stderr).toBe(`${text}\n`);
  }
  expect((await run(["context", "import", "bad", "-"], { stdin: endOfArchive() })).stderr).toBe(
    "invalid context: no metadata found\n",
  );
});
