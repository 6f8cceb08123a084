/** Testcontainers for Java drives the engine. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh } from "../harness.ts";
import { jars } from "./packages.ts";

test("Testcontainers for Java", async () => {
  const classPath = await jars();
  await using daemon = await Daemon.start();
  const home = mkdtempSync("/tmp/berth-java-");
  try {
    const story = join(import.meta.dir, "java/Story.java");
    // Its reaper and its checks of the host are images of Docker Hub.
    const env = {
      DOCKER_HOST: daemon.host,
      TESTCONTAINERS_RYUK_DISABLED: "true",
      TESTCONTAINERS_CHECKS_DISABLE: "true",
      HOME: home,
    };
    const { exitCode, stdout, stderr } = await sh(
      ["java", `-Duser.home=${home}`, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classPath, story, story],
      { env },
    );
    expect([exitCode, stdout.trim(), stderr.slice(-3000)]).toEqual([0, "testcontainers: done", expect.any(String)]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}, 900_000);
