import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Daemon, until } from "../harness.ts";
import { RawConnection } from "./raw.ts";

interface Event {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: string;
  time: number;
  timeNano: number;
  status?: string;
  id?: string;
  from?: string;
}

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** Events that are past, by query. */
async function past(query: Record<string, string>, version = ""): Promise<Event[]> {
  // In whole milliseconds, and what was a moment ago is to be in it.
  const until = ((Date.now() + 1) / 1000).toFixed(3);
  const { text, status } = await daemon.api("GET", `${version}/events?${new URLSearchParams({ until, ...query })}`);
  expect(status).toBe(200);
  return text
    .split("\n")
    .filter(Boolean)
    .map((line): Event => JSON.parse(line));
}

async function run(name: string): Promise<string> {
  const id = (
    await daemon.api("POST", `/containers/create?name=${name}`, {
      Image: "busybox",
      Cmd: ["sh", "-c", "exit 3"],
      Labels: { role: "test" },
    })
  ).json.Id;
  const waited = daemon.api("POST", `/containers/${id}/wait?condition=next-exit`);
  await daemon.api("POST", `/containers/${id}/start`);
  expect((await waited).json.StatusCode).toBe(3);
  await daemon.api("DELETE", `/containers/${id}`);
  return id;
}

describe("the past", () => {
  let id: string;
  beforeAll(async () => {
    id = await run("first");
  });

  test("is told in order, with exact times", async () => {
    const events = await past({ since: "1", filters: JSON.stringify({ container: ["first"] }) });
    expect(events.map((event) => event.Action)).toEqual(["create", "start", "die", "destroy"]);
    expect(events[2]).toMatchObject({
      Type: "container",
      scope: "local",
      Actor: { ID: id, Attributes: { name: "first", image: "busybox", role: "test", exitCode: "3" } },
    });
    for (const event of events) expect(Math.floor(event.timeNano / 1e9)).toBe(event.time);
  });
  test.each<[Record<string, string[]>, string[]]>([
    [{ event: ["die"] }, ["die"]],
    [{ type: ["container"], event: ["start", "die"] }, ["start", "die"]],
    [{ label: ["role=test"], event: ["create"] }, ["create"]],
    [{ label: ["role=other"] }, []],
    [{ image: ["busybox"], type: ["container"] }, ["create", "start", "die", "destroy"]],
    [{ type: ["volume"] }, []],
    [{ scope: ["swarm"] }, []],
  ])("filters %p", async (filters, actions) =>
    expect((await past({ since: "1", filters: JSON.stringify(filters) })).map((event) => event.Action)).toEqual(
      actions,
    ),
  );
  test("old clients find the fields of their day", async () => {
    const filters = JSON.stringify({ event: ["start"] });
    expect((await past({ since: "1", filters }, "/v1.41"))[0]).toMatchObject({ status: "start", id, from: "busybox" });
    expect((await past({ since: "1", filters }, "/v1.52"))[0]).not.toHaveProperty("status");
  });
});

describe("the present", () => {
  test.each([
    ["/v1.52", "", "application/jsonl"],
    ["/v1.51", "", "application/json"],
    ["", "application/x-ndjson", "application/x-ndjson"],
    ["", "application/json-seq", "application/json-seq"],
  ])("%s %s is %s, a chunk each", async (version, accept, type) => {
    using connection = new RawConnection(daemon.socket);
    connection.request(
      "GET",
      `${version}/events?filters=${encodeURIComponent('{"event":["create"],"type":["container"]}')}`,
      accept ? { headers: { Accept: accept } } : {},
    );
    const head = await connection.head();
    expect(head.headers["content-type"]).toBe(type);
    const id = await run("live");
    const line = String(await connection.chunk());
    expect(line.startsWith("\x1e")).toBe(type === "application/json-seq");
    expect(JSON.parse(line.replace(/^\x1e/, ""))).toMatchObject({ Action: "create", Actor: { ID: id } });
  });
  test("ends at its time", async () => {
    const ended = daemon.api("GET", `/events?until=${(Date.now() / 1000 + 0.3).toFixed(3)}`);
    expect((await ended).status).toBe(200);
  });
  test("listeners that leave are forgotten", async () => {
    const listeners = async () => (await daemon.api("GET", "/info")).json.NEventsListener as number;
    const before = await listeners();
    {
      using connection = new RawConnection(daemon.socket);
      connection.request("GET", "/events");
      await connection.head();
      expect(await listeners()).toBe(before + 1);
    }
    await until("the listener to go", async () => (await listeners()) === before);
  });
});
