import { expect, test } from "bun:test";
import { FirewallQueue } from "./queue.ts";

test("changes happen one at a time in the order of asking; one that fails stops no other", async () => {
  const seen: string[] = [];
  let running = 0;
  const queue = new FirewallQueue({
    async script(text) {
      expect(++running).toBe(1);
      await Bun.sleep(2);
      running--;
      seen.push(text);
      if (text === "bad") throw new Error("bad script");
    },
    messages: (messages) => {
      expect(running).toBe(0);
      seen.push(`messages ${messages.length}`);
    },
    isOwn: () => false,
    [Symbol.dispose]() {},
  });
  const asked = [
    queue.submit({ script: () => "one" }),
    queue.submit({ script: () => "bad" }),
    queue.submit({ messages: () => [] }),
    queue.submit({ script: () => `after ${seen.length}` }),
  ];
  const results = await Promise.allSettled(asked);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(seen).toEqual(["one", "bad", "messages 0", "after 3"]);
  await queue.submit({ messages: () => [] });
  expect(seen.at(-1)).toBe("messages 0");
});
