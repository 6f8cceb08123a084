import { expect, test } from "bun:test";
import { runtimeError } from "./runtime-errors.ts";

const create =
  "failed to create task for container: failed to create shim task: OCI runtime create failed: unable to start " +
  "container process: ";

test.each([
  [
    "executable file `nosuch` not found in $PATH: No such file or directory",
    127,
    `${create}exec: "nosuch": executable file not found in $PATH`,
  ],
  [
    "executable file `/bin/no` not found: No such file or directory\n",
    127,
    `${create}exec: "/bin/no": stat /bin/no: no such file or directory`,
  ],
  [
    'time="x" level=error msg="runc create failed: unable to start container process: exec: \\"nosuch\\": ' +
      'executable file not found in $PATH"',
    127,
    `${create}exec: "nosuch": executable file not found in $PATH`,
  ],
  [
    'time="x" level=error msg="runc create failed: unable to start container process: error during container ' +
      'init: exec: \\"/bin/no\\": stat /bin/no: no such file or directory"',
    127,
    `${create}exec: "/bin/no": stat /bin/no: no such file or directory`,
  ],
  ["open executable: Permission denied", 126, `${create}exec: "prog": permission denied`],
  ["open executable: Operation not permitted", 126, `${create}exec: "prog": permission denied`],
  [
    'time="x" level=warning msg="odd"\ntime="x" level=error msg="runc create failed: unable to start container ' +
      'process: exec: \\"/etc\\": permission denied"',
    126,
    `${create}exec: "prog": permission denied`,
  ],
] as const)("%p", (complaint, exitCode, message) => {
  expect(runtimeError("create", complaint, "prog")).toMatchObject({ kind: "invalid", exitCode, message });
});

test("other failures keep the runtime's words", () => {
  expect(runtimeError("create", "2026-01-02T03:04:05.0Z: mount `x`: Not a directory", "p")).toMatchObject({
    exitCode: 127,
    kind: "invalid",
    message: expect.stringContaining("mount `x`: not a directory: Are you trying to mount a directory onto a file"),
  });
  expect(runtimeError("create", "mount `/x`: No such file or directory", "p").exitCode).toBe(127);
  expect(runtimeError("start", "something odd", "p")).toMatchObject({
    kind: "internal",
    exitCode: 128,
    message: "failed to start task for container: OCI runtime start failed: something odd",
  });
  expect(runtimeError("exec", "", "p").message).toBe(
    "OCI runtime exec failed: exec failed: the runtime ended without a word",
  );
});
