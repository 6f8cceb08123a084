import { expect, test } from "bun:test";
import { Questions } from "./prompt.ts";
import { capture } from "./testing.ts";

test("several questions share one input", async () => {
  const out = capture();
  const stream = async function* () {
    yield Buffer.from("first li");
    yield Buffer.from("ne\nY\nrest");
  };
  const questions = new Questions({ out, stdin: { isTerminal: false, stream } });
  expect([
    await questions.ask("a? "),
    await questions.confirm("b?"),
    await questions.ask("c? "),
    await questions.ask("d? "),
  ]).toEqual(["first line", true, "rest", ""]);
  expect(out.text()).toBe("a? b? [y/N] c? d? ");
});
