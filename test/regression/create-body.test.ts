/** What is said of a body that is more than JSON, and of a container that nothing is asked of. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Daemon } from "../harness.ts";

setDefaultTimeout(120_000);
let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ images: [] });
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

async function post(path: string, body: string): Promise<[number, string]> {
  const response = await fetch(`http://d${path}`, {
    unix: daemon.socket,
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  return [response.status, ((await response.json()) as { message: string }).message];
}

test.each([
  "/commit",
  "/containers/create",
  "/containers/none/exec",
  "/containers/none/update",
  "/exec/none/start",
  "/networks/create",
  "/networks/none/connect",
  "/volumes/create",
])("%s takes one JSON value and no more", async (path) => {
  for (const body of ["{} and more", "{}{}", "{} null", "{},"])
    expect(await post(path, body)).toEqual([400, "unexpected content after JSON"]);
  expect(await post(path, "{and")).toEqual([
    400,
    "invalid JSON: invalid character 'a' looking for beginning of object key string",
  ]);
});

test("the value is looked at before what follows it, and a bracket too many does no harm", async () => {
  expect(await post("/containers/create", '{"Image":1} x')).toEqual([
    400,
    expect.stringContaining("cannot unmarshal number into Go struct field"),
  ]);
  expect(await post("/containers/create", '{"Image":"none"}]')).toEqual([404, "No such image: none:latest"]);
});

const noConfig = "config cannot be empty in order to create a container";
test.each([
  ["{}", noConfig],
  ["null", noConfig],
  ["{} ", noConfig],
  ['{"HostConfig":{}}', noConfig],
  ['{"HostConfig":{"Memory":1}}', noConfig],
  ['{"NetworkingConfig":{}}', noConfig],
  ['{"Image":""}', "no command specified"],
  ['{"Hostname":"x"}', "no command specified"],
  ['{"Labels":{}}', "no command specified"],
  ['{"Cmd":[]}', "no command specified"],
  ["", "invalid JSON: got EOF while reading request body"],
])("create of %s", async (body, message) => {
  for (const version of ["/v1.24", "/v1.43", ""])
    expect(await post(`${version}/containers/create`, body)).toEqual([400, message]);
});
