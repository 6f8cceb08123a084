import { expect, test } from "bun:test";
import { RuntimeHost } from "./host.ts";

test("a container from create to delete", async () => {
  await using host = new RuntimeHost();
  const { stdout, stderr, exit } = await host.run(["sh", "-c", "echo out; echo err >&2; id; hostname; cat /proc/self/status | grep -E 'Cap|NoNew|Seccomp:'; mount; ls -l /dev; exit 7"]);
  console.log(stdout, stderr);
  expect(stderr).toBe("err\n");
  expect(exit).toMatchObject({ exitCode: 7, oomKilled: false });
});
