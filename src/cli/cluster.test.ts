/** Commands of swarms: an engine outside of any says so, and nothing is changed to find that out. */
import { expect, test } from "bun:test";
import { runCli, stubEngine } from "./testing.ts";

const refusal =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to ' +
  "swarm and try again.";
const told = `Error response from daemon: ${refusal}\n`;

async function call(args: string[]) {
  const routes = Object.fromEntries(
    ["GET", "POST", "DELETE"].map((method) => [
      `${method} /*`,
      () => Response.json({ message: refusal }, { status: 503 }),
    ]),
  );
  await using engine = stubEngine(routes);
  return { ...(await runCli(args, { engine })), calls: engine.calls.map(({ method, path }) => `${method} ${path}`) };
}

test.each([
  ["service ls -q", "GET /services"],
  ["stack ls", "GET /services"],
  ["stack up -c f x", "GET /services"],
  ["service update --image y x", "GET /services/x"],
])("%s", async (line, asked) => {
  expect(await call(line.split(" "))).toEqual({ code: 1, stdout: "", stderr: told, calls: [asked] });
});

test("each of several is told, and what was found of none", async () => {
  expect(await call(["service", "scale", "a=1", "b=2"])).toMatchObject({ code: 1, stderr: `a: ${told}b: ${told}` });
});

test("command lines that cannot be are refused as ever", async () => {
  expect((await call(["service", "ls", "x"])).stderr).toContain("'berth service ls' accepts no arguments");
  expect(await call(["node", "ls", "--nope"])).toMatchObject({
    code: 125,
    calls: [],
    stderr: expect.stringMatching(/^unknown flag: --nope\n/),
  });
  expect((await call(["swarm"])).stderr).toStartWith("Usage:  berth swarm COMMAND\n");
});
