/** `secret` and `config`: what is sent, and what is refused before anything is. */
import { expect, test } from "bun:test";
import { runCli, stubEngine } from "../../testing.ts";

const made = () => Response.json({ ID: "abc" }, { status: 201 });

test("content comes from a file or standard input, as base64", async () => {
  await using engine = stubEngine({ "POST /secrets/create": made, "POST /configs/create": made });
  const secret = await runCli(["secret", "create", "-l", "a=b", "-l", "c", "s", "-"], { engine, stdin: "hush" });
  expect(secret).toEqual({ code: 0, stdout: "abc\n", stderr: "" });
  expect(engine.calls.at(-1)?.body).toEqual({ Name: "s", Labels: { a: "b", c: "" }, Data: "aHVzaA==" });
  await runCli(["config", "create", "--template-driver", "golang", "c", "-"], { engine, stdin: "x" });
  expect(engine.calls.at(-1)?.body).toEqual({
    Name: "c",
    Labels: {},
    Data: "eA==",
    Templating: { Name: "golang" },
  });
  await runCli(["secret", "create", "-d", "vault", "s"], { engine });
  expect(engine.calls.at(-1)?.body).toEqual({ Name: "s", Labels: {}, Driver: { Name: "vault" } });
});

test.each([
  [["secret", "create", "s"], "secret file is required\n"],
  [["secret", "create", "s", "-"], "error reading from STDIN: data is empty\n"],
  [["secret", "create", "s", "/nope"], "error reading from /nope: open /nope: no such file or directory\n"],
  [["config", "create", "c", ""], 'Error reading content from "": config file is required\n'],
  [["secret", "create", "-d", "v", "s", "/x"], "When using secret driver secret data must be empty\n"],
])("%p is refused and nothing is sent", async (line, stderr) => {
  await using engine = stubEngine({});
  expect(await runCli(line, { engine })).toEqual({ code: 1, stdout: "", stderr });
  expect(engine.calls).toEqual([]);
});
