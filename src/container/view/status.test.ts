import { expect, test } from "bun:test";
import { newRunState, type RunState } from "../record.ts";
import { stateName, statusText } from "./status.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const state = (part: Partial<RunState>): RunState => ({
  ...newRunState(),
  startedAt: "2026-03-01T11:50:00.123456789Z",
  finishedAt: "2026-03-01T11:59:58Z",
  ...part,
});

test("the STATUS column", () => {
  expect(statusText(newRunState(), now)).toBe("Created");
  expect(statusText(state({ phase: "running" }), now)).toBe("Up 9 minutes");
  expect(statusText(state({ phase: "paused" }), now)).toBe("Up 9 minutes (Paused)");
  expect(statusText(state({ phase: "running", health: { Status: "starting" } }), now)).toBe(
    "Up 9 minutes (health: starting)",
  );
  expect(statusText(state({ phase: "exited", exitCode: 3 }), now)).toBe("Exited (3) 2 seconds ago");
  expect(statusText(state({ phase: "restarting", exitCode: 1 }), now)).toBe("Restarting (1) 2 seconds ago");
});

test("a transaction under way shows what it started from", () => {
  expect(stateName({ ...newRunState(), phase: "starting" })).toBe("created");
  expect(stateName(state({ phase: "starting" }))).toBe("exited");
});
