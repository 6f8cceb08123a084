/** What the engine says of all kinds of things, at the versions of its API, is what the description and dockerd say. */
import { expect, test } from "bun:test";
import { Daemon } from "../harness.ts";
import { versionNumber } from "./description.ts";
import { tour } from "./tour.ts";

/** The oldest, those before which replies were others, and those of clients that are widely there. */
const versions = [
  "1.24",
  "1.27",
  "1.33",
  "1.40",
  "1.41",
  "1.43",
  "1.44",
  "1.46",
  "1.47",
  "1.49",
  "1.51",
  "1.52",
  "1.56",
].map(versionNumber);

test("a tour of the versions breaks no contract", async () => {
  await using daemon = await Daemon.start();
  let replies = 0;
  await tour(
    daemon.socket,
    () => {
      replies++;
    },
    (version) => versions.includes(version),
  );
  expect(replies).toBeGreaterThan(700);
  expect(daemon.breaches()).toEqual([]);
});
