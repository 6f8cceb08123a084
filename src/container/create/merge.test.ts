import { expect, test } from "bun:test";
import { commandOf } from "../../runtime/bundle/command.ts";
import { mergeConfig } from "./merge.ts";

const image = {
  Entrypoint: ["/entry"],
  Cmd: ["serve"],
  Env: ["PATH=/bin", "A=1"],
  Labels: { a: "image", b: "image" },
  WorkingDir: "/srv",
  User: "app",
  ExposedPorts: { "80/tcp": {} },
  Volumes: { "/data": {} },
  StopSignal: "SIGQUIT",
  Healthcheck: { Test: ["CMD", "ok"], Interval: 5e9, Retries: 2 },
};

test("an empty request takes everything from the image", () => {
  const merged = mergeConfig({}, image);
  expect(commandOf(merged)).toEqual(["/entry", "serve"]);
  expect(merged).toMatchObject({
    User: "app",
    WorkingDir: "/srv",
    StopSignal: "SIGQUIT",
    Volumes: { "/data": {} },
    Env: ["PATH=/bin", "A=1"],
  });
});

test("an own command keeps the image's entrypoint, an own entrypoint drops the image's command", () => {
  expect(commandOf(mergeConfig({ Cmd: ["x"] }, image))).toEqual(["/entry", "x"]);
  expect(commandOf(mergeConfig({ Entrypoint: ["/bin/sh"] }, image))).toEqual(["/bin/sh"]);
});

test("an empty entrypoint is an own one that says nothing", () => {
  expect(commandOf(mergeConfig({ Entrypoint: [], Cmd: ["x"] }, image))).toEqual(["x"]);
});

test("variables, labels and ports are united, the request's win", () => {
  const merged = mergeConfig({ Env: ["A=2"], Labels: { a: "mine" }, ExposedPorts: { "53/udp": {} } }, image);
  expect(merged.Env).toEqual(["A=2", "PATH=/bin"]);
  expect(merged.Labels).toEqual({ a: "mine", b: "image" });
  expect(Object.keys(merged.ExposedPorts ?? {}).sort()).toEqual(["53/udp", "80/tcp"]);
});

test("a health check is merged field by field", () => {
  expect(mergeConfig({ Healthcheck: { Interval: 1e9 } }, image).Healthcheck).toMatchObject({
    Test: ["CMD", "ok"],
    Interval: 1e9,
    Retries: 2,
  });
  expect(mergeConfig({ Healthcheck: { Test: ["NONE"] } }, image).Healthcheck?.Test).toEqual(["NONE"]);
});
