import { expect, test } from "bun:test";
import type { ProgressEvent } from "../../api/progress.ts";
import type { Output } from "../deps.ts";
import { displayProgress } from "./display.ts";
import { progressText } from "./message.ts";

function output(isTerminal: boolean, columns = 120, rows = 40): Output & { text(): string } {
  let text = "";
  return {
    write: (data) => void (text += String(data)),
    flush: async () => {},
    isTerminal,
    size: () => [columns, rows],
    text: () => text,
  };
}

async function* lines(...messages: ProgressEvent[]): AsyncGenerator<ProgressEvent> {
  yield* messages;
}

const pull = [
  { status: "Pulling from library/busybox", id: "latest" },
  { status: "Pulling fs layer", progressDetail: {}, id: "aaa" },
  { status: "Waiting", progressDetail: {}, id: "bbb" },
  { status: "Downloading", progressDetail: { current: 500, total: 1000 }, id: "aaa" },
  { status: "Pull complete", progressDetail: {}, id: "aaa" },
  { status: "Digest: sha256:00" },
];

test("plain: a line for each change, none for bars", async () => {
  const out = output(false);
  await displayProgress(out, lines(...pull));
  expect(out.text()).toBe(
    "latest: Pulling from library/busybox\naaa: Pulling fs layer\nbbb: Waiting\naaa: Pull complete\nDigest: " +
      "sha256:00\n",
  );
});

test("a terminal: every layer keeps its line", async () => {
  const out = output(true);
  await displayProgress(out, lines(...pull));
  expect(out.text()).toBe(
    "latest: Pulling from library/busybox\n" +
      "\n\x1b[1A\x1b[2K\raaa: Pulling fs layer\r\x1b[1B" +
      "\n\x1b[1A\x1b[2K\rbbb: Waiting\r\x1b[1B" +
      `\x1b[2A\x1b[2K\raaa: Downloading [${"=".repeat(25)}>${" ".repeat(25)}]     500B/1kB\r\x1b[2B` +
      "\x1b[2A\x1b[2K\raaa: Pull complete\r\x1b[2B" +
      "Digest: sha256:00\n",
  );
});

test("a terminal: lines out of sight are left alone", async () => {
  const out = output(true, 80, 2);
  await displayProgress(
    out,
    lines(...["a", "b", "c"].map((id) => ({ status: "Waiting", progressDetail: {}, id })), {
      status: "Done",
      progressDetail: {},
      id: "a",
    }),
  );
  expect(out.text()).not.toContain("Done");
});

test("an error ends it, with the message and code that came", async () => {
  const failed = displayProgress(
    output(false),
    lines({ errorDetail: { code: 3, message: "no space" }, error: "no space" }),
  );
  await expect(failed).rejects.toMatchObject({ message: "no space", exitCode: 3 });
});

test("an error without words is one, too", async () => {
  await expect(
    displayProgress(output(false), lines({ errorDetail: { message: "" }, error: "" })),
  ).rejects.toMatchObject({ exitCode: 1 });
});

test("values for programs are not shown", async () => {
  const out = output(false);
  const seen: unknown[] = [];
  await displayProgress(out, lines({ aux: { ID: "sha256:1" } }, { stream: "Loaded image: x\n" }), {
    onAux: (aux) => seen.push(aux),
  });
  expect(seen).toEqual([{ ID: "sha256:1" }]);
  expect(out.text()).toBe("Loaded image: x\n");
});

test("counts", () => {
  expect(progressText({ current: 1, total: 0 }, 200)).toBe("      1B");
  expect(progressText({ current: 3, total: 2 }, 80)).toBe("      3B");
  expect(progressText({ current: 1, total: 3, units: "files" }, 80)).toBe("1/3 files");
  expect(progressText({ current: 50, total: 100, start: 1000 }, 80, 1_060_000)).toBe("     50B/100B 1m0s");
  expect(progressText({}, 200)).toBe("");
});
