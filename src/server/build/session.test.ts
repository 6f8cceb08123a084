import { expect, test } from "bun:test";
import { contextIndexType } from "../../api/build-context.ts";
import { ContentStores } from "../../builder/source/content-store.ts";
import type { WantedContent } from "../../builder/source/indexed-context.ts";
import { Query } from "../http/query.ts";
import { RequestedContent } from "./requested-content.ts";
import { RequestSession } from "./session.ts";

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");

function session(query: string, headers: Record<string, string>) {
  const body = { async *[Symbol.asyncIterator]() {}, bytes: async () => Buffer.alloc(0) };
  return new RequestSession({ query: new Query(query), headers: new Map(Object.entries(headers)), body });
}

test("secrets, agents and credentials are those of the request", async () => {
  const agents = encodeURIComponent(JSON.stringify({ default: "/run/agent" }));
  const of = session(`ssh=${agents}`, {
    "x-berth-secrets": base64({ token: Buffer.from("s3").toString("base64") }),
    "x-registry-config": base64({ "https://index.docker.io/v1/": { username: "hub" }, "r:5000": { username: "r" } }),
  });
  expect(of.offered).toEqual({ secrets: ["token"], agents: ["default"] });
  expect(Buffer.from((await of.secret("token")) ?? []).toString()).toBe("s3");
  expect(await of.secret("other")).toBeUndefined();
  expect(await of.agent("default")).toBeFunction();
  expect(await of.agent("other")).toBeUndefined();
  expect(await of.credentials("docker.io")).toEqual({ username: "hub" });
  expect(await of.credentials("r:5000")).toEqual({ username: "r" });
  expect(await of.credentials("elsewhere")).toBeUndefined();
});

test("credentials that cannot be read are none, secrets are refused", async () => {
  expect(await session("", { "x-registry-config": "bnVsbA==" }).credentials("docker.io")).toBeUndefined();
  expect(() => session("", { "x-berth-secrets": base64(1) })).toThrow("error parsing secrets");
  expect(() => session("ssh=[]", {})).toThrow("invalid ssh: it should be a JSON object");
});

test("a body that is no index is an archive, for which no content is asked", async () => {
  const of = session("", { "content-type": "application/x-tar" });
  const wanted = {
    dockerfilePath: "Dockerfile",
    contents: new ContentStores("/nonexistent"),
    undo: new AsyncDisposableStack(),
  };
  expect(await of.context(wanted)).toHaveProperty("archive");
  expect(of.requested).toBeUndefined();
  await expect(session("", { "content-type": contextIndexType }).context(wanted)).rejects.toThrow("no JSON");
});

test("content is asked for once, whoever waits for it, and who waits is told of the end", async () => {
  let arrived = (_digests: string[]) => {};
  const content = new RequestedContent({
    async receive(_source, expected, told) {
      expect(expected("3")).toMatchObject({ path: "f" });
      expect(expected("4")).toBeUndefined();
      arrived = told;
    },
  });
  const f: WantedContent = { number: 3, path: "f", digest: "d", size: 1 };
  const asked: number[][] = [];
  const [first, second] = [content.bring([f]), content.bring([f])];
  content.serve((entries) => asked.push(entries));
  await content.receive((async function* () {})());
  arrived(["d"]);
  await Promise.all([first, second]);
  const third = content.bring([{ ...f, number: 4, digest: "e" }]);
  expect(asked).toEqual([[3], [4]]);
  content.fail(new Error("gone"));
  await expect(third).rejects.toThrow("gone");
  await expect(content.bring([{ ...f, number: 5, digest: "g" }])).rejects.toThrow("gone");
});
