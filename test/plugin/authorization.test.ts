import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { RecordingPlugin } from "../../src/plugin/testing.ts";
import { Daemon, freePort } from "../harness.ts";

interface Question {
  User?: string;
  UserAuthNMethod?: string;
  RequestPeerCertificates?: string[];
  RequestMethod: string;
  RequestUri: string;
  RequestBody?: string;
  RequestHeaders: Record<string, string>;
  ResponseStatusCode?: number;
  ResponseBody?: string;
  ResponseHeaders?: Record<string, string>;
}

/** A plugin of authorization that lets pass what `decide` does not object to. */
class Guard extends RecordingPlugin {
  decide: (verb: "AuthZReq" | "AuthZRes", question: Question) => unknown = () => null;

  constructor(socket: string) {
    const verdict = (verb: "AuthZReq" | "AuthZRes") => (body: unknown) =>
      this.decide(verb, body as Question) ?? { Allow: true };
    super(socket, {
      "Plugin.Activate": { Implements: ["authz"] },
      "AuthZPlugin.AuthZReq": verdict("AuthZReq"),
      "AuthZPlugin.AuthZRes": verdict("AuthZRes"),
    });
  }

  /** What it was asked since the last time, pings left out. */
  questions(): [verb: string, question: Question][] {
    return this.asked
      .splice(0)
      .map(({ method, body }): [string, Question] => [method.replace("AuthZPlugin.", ""), body as Question])
      .filter(([verb, question]) => verb.startsWith("AuthZ") && !question.RequestUri.includes("_ping"));
  }
}

const pem = (name: string) => resolve(`${import.meta.dir}/../../src/client/dial/testdata/${name}.pem`);

let root: string;
let port: number;
let daemon: Daemon;
let one: Guard;
let two: Guard;
beforeAll(async () => {
  root = mkdtempSync("/tmp/berth-plugin-");
  mkdirSync(`${root}/plugins`);
  one = new Guard(`${root}/plugins/one.sock`);
  two = new Guard(`${root}/plugins/two.sock`);
  port = freePort();
  const tls = ["--tlsverify", "--tlscacert", pem("ca"), "--tlscert", pem("server"), "--tlskey", pem("server-key")];
  daemon = await Daemon.start({
    args: ["--plugin-dir", `${root}/plugins`, "--host", `tcp://127.0.0.1:${port}`, ...tls],
    direct: "what plugins refuse has a status that the description does not know",
  });
  await daemon.reload({ "authorization-plugins": ["one", "two"] });
});
afterAll(async () => {
  one.decide = two.decide = () => null;
  await daemon[Symbol.asyncDispose]();
  for (const guard of [one, two]) guard[Symbol.dispose]();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  one.decide = two.decide = () => null;
  for (const guard of [one, two]) guard.questions();
});

const decode = (text?: string) => (text === undefined ? undefined : Buffer.from(text, "base64").toString());

test("both are asked in their order, before and after, with what is sent and answered", async () => {
  const asked: string[] = [];
  one.decide = (verb) => void asked.push(`one ${verb}`);
  two.decide = (verb) => void asked.push(`two ${verb}`);
  const headers = { "Content-Type": "application/json", "x-foo": "bar", "X-Registry-Auth": "secret" };
  const response = await fetch("http://d/v1.50/volumes/create?a=1&b=2", {
    unix: daemon.engineSocket,
    method: "POST",
    headers,
    body: '{"Name":"vol"}',
  });
  expect(response.status).toBe(201);
  const answer = await response.text();
  expect(asked).toEqual(["one AuthZReq", "two AuthZReq", "one AuthZRes", "two AuthZRes"]);
  const [[, request], [, reply]] = one.questions() as [[string, Question], [string, Question]];
  expect(request.RequestUri).toBe("/v1.50/volumes/create?a=1&b=2");
  expect(request.RequestHeaders).toMatchObject({
    "Content-Type": "application/json",
    "X-Foo": "bar",
    "Content-Length": "14",
  });
  expect(request.RequestHeaders).not.toHaveProperty("X-Registry-Auth");
  expect(Object.keys(request).sort()).toEqual(["RequestBody", "RequestHeaders", "RequestMethod", "RequestUri"]);
  expect(decode(request.RequestBody)).toBe('{"Name":"vol"}');
  expect([reply.ResponseStatusCode, decode(reply.ResponseBody)]).toEqual([201, answer]);
  expect(reply.ResponseHeaders?.["Content-Type"]).toBe("application/json");
});

test("who comes by TLS is named by the certificate", async () => {
  const { exitCode, stderr } = await daemon.docker(
    ...["--host", `tcp://127.0.0.1:${port}`, "--tlsverify", "--tlscacert", pem("ca")],
    ...["--tlscert", pem("client"), "--tlskey", pem("client-key"), "volume", "ls"],
  );
  expect([exitCode, stderr]).toEqual([0, ""]);
  const [[, request]] = one.questions() as [[string, Question]];
  expect([request.User, request.UserAuthNMethod]).toEqual(["client", "TLS"]);
  expect(decode(request.RequestPeerCertificates?.[0])?.replaceAll(/\s/g, "")).toBe(
    (await Bun.file(pem("client")).text()).replaceAll(/\s/g, ""),
  );
});

test("who denies first has the last word, in the request and in the answer", async () => {
  two.decide = (verb, { RequestUri }) =>
    verb === "AuthZReq" && RequestUri.includes("/info") ? { Allow: false, Msg: "not you" } : null;
  expect((await daemon.docker("info", "-f", "{{.Driver}}")).stderr).toContain(
    "authorization denied by plugin two: not you",
  );
  one.decide = (_verb, { RequestUri }) => (RequestUri.includes("/info") ? { Allow: false } : null);
  two.questions();
  expect(await daemon.api("GET", "/info")).toMatchObject({
    status: 403,
    json: { message: "authorization denied by plugin one: " },
  });
  expect(two.questions()).toEqual([]);
  one.decide = (verb, { RequestUri }) =>
    verb === "AuthZRes" && RequestUri.includes("/volumes") ? { Allow: false, Msg: "seen" } : null;
  expect((await daemon.api("POST", "/volumes/create", { Name: "made" })).status).toBe(403);
  one.decide = (_verb, { RequestUri }) => (RequestUri.includes("/_ping") ? { Allow: false } : null);
  expect((await fetch("http://d/_ping", { unix: daemon.engineSocket })).status).toBe(403);
  one.decide = () => null;
  expect(await daemon.ok("volume", "ls", "-q")).toContain("made");
});

test("errors and streams are told of without status and body; paths without a route not at all", async () => {
  expect((await daemon.api("GET", "/containers/nosuch/json")).status).toBe(404);
  expect(one.questions().map(([verb, { ResponseStatusCode }]) => [verb, ResponseStatusCode])).toEqual([
    ["AuthZReq", undefined],
    ["AuthZRes", undefined],
  ]);
  expect((await daemon.api("GET", "/nosuch")).status).toBe(404);
  expect(one.questions()).toEqual([]);
  expect(await daemon.ok("run", "--rm", "busybox", "echo", "hello")).toBe("hello");
  const uris = one.questions().map(([verb, { RequestUri }]) => `${verb} ${RequestUri.replace(/[0-9a-f]{64}/, "ID")}`);
  expect(uris.slice(0, 2)).toEqual(["AuthZReq /v1.50/containers/create", "AuthZRes /v1.50/containers/create"]);
  expect(uris.filter((uri) => uri.includes("/attach?"))).toHaveLength(2);
});

test("a body that is larger than plugins may see is refused, and nobody is asked", async () => {
  const create = (size: number) =>
    daemon.api("POST", "/volumes/create", { Name: "large", Labels: { x: "y".repeat(size) } });
  const frame = JSON.stringify({ Name: "large", Labels: { x: "" } }).length;
  expect((await create((4 << 20) - frame)).status).toBe(201);
  one.questions();
  expect(await create((4 << 20) - frame + 1)).toMatchObject({
    status: 500,
    json: { message: "request body too large for authorization plugin: size exceeds 4194304 bytes" },
  });
  expect(one.questions()).toEqual([]);
});

test("a plugin that fails lets nothing pass", async () => {
  const told = async () => (await daemon.api("GET", "/volumes")).json.message;
  one.decide = () => Response.json({ Err: "hp 500" }, { status: 500 });
  expect(await told()).toBe("plugin one failed with error: AuthZPlugin.AuthZReq: hp 500");
  one.decide = () => new Response("zzz");
  expect(await told()).toBe("plugin one failed with error: invalid character 'z' looking for beginning of value");
  one.decide = () => ({ Allow: true, Err: "ignored" });
  expect(await told()).toBeUndefined();
});

test("a reload takes others, but none that is not there", async () => {
  expect(await daemon.ok("info", "-f", "{{.Plugins.Authorization}}")).toBe("[one two]");
  await daemon.reload({ "authorization-plugins": ["two", "nosuch"], labels: ["new=1"] });
  expect(daemon.log()).toContain('plugin \\"nosuch\\" not found');
  expect(await daemon.ok("info", "-f", "{{.Plugins.Authorization}} {{.Labels}}")).toBe("[one two] []");
  await daemon.reload({ "authorization-plugins": ["two"] });
  expect(await daemon.ok("info", "-f", "{{.Plugins.Authorization}}")).toBe("[two]");
  one.questions();
  await daemon.ok("version");
  expect(one.questions()).toEqual([]);
  await daemon.restart();
  two.decide = () => ({ Allow: false, Msg: "after a restart too" });
  expect((await daemon.docker("ps")).stderr).toContain("authorization denied by plugin two: after a restart too");
});
