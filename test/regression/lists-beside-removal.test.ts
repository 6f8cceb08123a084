/** Lists that measure go on while what they measure is removed: what is gone is left out. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

test("sizes are asked for beside creations and removals", async () => {
  let working = true;
  const churn = async (lane: number) => {
    for (let turn = 0; turn < 25; turn++) {
      const { json } = await daemon.api("POST", `/containers/create?name=churn-${lane}-${turn}`, {
        Image: "busybox",
        Cmd: ["true"],
        Volumes: { "/v": {} },
      });
      expect((await daemon.api("DELETE", `/containers/${json.Id}?v=1`)).status).toBe(204);
    }
  };
  const answers: string[] = [];
  const ask = async (path: string) => {
    while (working) {
      const { status, json } = await daemon.api("GET", path);
      answers.push(status === 200 ? "200" : `${path}: ${status} ${JSON.stringify(json)}`);
    }
  };
  const asking = [ask("/containers/json?all=1&size=1"), ask("/system/df"), ask("/volumes")];
  try {
    await Promise.all([1, 2, 3, 4].map(churn));
  } finally {
    working = false;
  }
  await Promise.all(asking);
  expect(answers.length).toBeGreaterThan(3);
  expect(answers.filter((answer) => answer !== "200")).toEqual([]);
}, 60_000);
