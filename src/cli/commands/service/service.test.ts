/** What Docker's own client was seen to ask of an engine and to print (test/cli/record-service.ts), and ours. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { runCli, stubEngine } from "../../testing.ts";
import { recordedCall, serviceFiles } from "./testdata/calls.ts";
import recorded from "./testdata/docker.json";
import { serviceEngine } from "./testdata/engine.ts";

const before = process.cwd();
const home = mkdtempSync("/tmp/berth-service-");
beforeAll(() => {
  for (const [name, content] of Object.entries(serviceFiles)) writeFileSync(`${home}/${name}`, content);
  process.chdir(home);
});
afterAll(() => {
  process.chdir(before);
  rmSync(home, { recursive: true });
});

/** What Docker ignores without a word, or fails at, and we do (docs/compatibility.md). */
const better = [
  "update -d --max-concurrent 1 job",
  "update -d --max-concurrent 1 full",
  "update -d --replicas-max-per-node 4 bare",
  "update -d --health-retries 0 --health-timeout 1s --health-start-period 2s --health-start-interval 3s full",
];

const known = (text: string) => text.replaceAll(home, "HOME").replace(/\bberth\b/g, "docker");

for (const { line, code, stdout, stderr, calls } of recorded) {
  const words = line.join(" ");
  // Flags of a later release of Docker than the one that was recorded.
  if (stderr.startsWith("unknown flag: --memory-swap") || better.includes(words)) continue;
  test(words, async () => {
    await using engine = serviceEngine();
    const run = await runCli(["service", ...line], { engine, env: { FOO: "from the environment" } });
    expect({
      code: run.code,
      stdout: known(run.stdout),
      stderr: known(run.stderr),
      calls: JSON.parse(known(JSON.stringify(engine.calls.map(recordedCall)))),
    }).toEqual({ code, stdout, stderr, calls });
  });
}

test("devices, GPUs and privileges, which Docker's services do not have", async () => {
  await using engine = serviceEngine();
  const flags = ["--device", "/dev/fuse:/dev/f:r", "--gpus", "2", "--privileged", "--no-resolve-image"];
  expect((await runCli(["service", "create", "-d", ...flags, "busybox"], { engine })).code).toBe(0);
  expect(engine.calls.at(-1)?.body).toMatchObject({
    TaskTemplate: {
      ContainerSpec: {
        Devices: [{ PathOnHost: "/dev/fuse", PathInContainer: "/dev/f", CgroupPermissions: "r" }],
        DeviceRequests: [{ Count: 2, Capabilities: [["gpu"]] }],
        Privileged: true,
      },
    },
  });
  await runCli(["service", "update", "-d", "--device-add", "/dev/null", "--privileged", "full"], { engine });
  expect(engine.calls.at(-1)?.body).toMatchObject({
    TaskTemplate: { ContainerSpec: { Devices: [{ PathInContainer: "/dev/null" }], Privileged: true } },
  });
});

test("an update that is taken back by itself fails; one that was asked for does not", async () => {
  const back = {
    ID: "webid",
    Version: { Index: 1 },
    Spec: { Name: "web", TaskTemplate: { ContainerSpec: { Image: "x:1" } }, Mode: { Replicated: { Replicas: 1 } } },
    UpdateStatus: { State: "rollback_completed", Message: "rollback completed" },
  };
  const monitored = { ...back, Spec: { ...back.Spec, UpdateConfig: { Monitor: 1_000_000 } } };
  await using engine = stubEngine({
    "GET /services/web": () => Response.json(monitored),
    "POST /services/webid/update": () => Response.json({}),
    "GET /nodes": () => Response.json([{ ID: "n", Status: { State: "ready" } }]),
    "GET /tasks": () =>
      Response.json([{ ID: "t", Slot: 1, NodeID: "n", DesiredState: "running", Status: { State: "running" } }]),
  });
  const update = await runCli(["service", "update", "--env-add", "A=1", "web"], { engine });
  expect(update.code).toBe(1);
  expect(update.stderr).toBe("service update rolled back: rollback completed\n");
  const asked = await runCli(["service", "rollback", "web"], { engine });
  expect({ code: asked.code, stderr: asked.stderr }).toEqual({ code: 0, stderr: "" });
  expect(asked.stdout).toContain("verify: Service web converged\n");
});
