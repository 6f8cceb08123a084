import { expect, test } from "bun:test";
import { familiarString, fullString, parseReference, withDefaultTag } from "./reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

test("familiar and full forms", () => {
  const forms = (name: string) => {
    const reference = parseReference(name);
    return [familiarString(reference), fullString(withDefaultTag(reference))];
  };
  expect(forms("busybox")).toEqual(["busybox", "docker.io/library/busybox:latest"]);
  expect(forms("docker.io/library/busybox:1")).toEqual(["busybox:1", "docker.io/library/busybox:1"]);
  expect(forms("index.docker.io/me/app")).toEqual(["me/app", "docker.io/me/app:latest"]);
  expect(forms("localhost/app")).toEqual(["localhost/app", "localhost/app:latest"]);
  expect(forms(`localhost:5000/a/b:v@${digest}`)).toEqual([
    `localhost:5000/a/b:v@${digest}`,
    `localhost:5000/a/b:v@${digest}`,
  ]);
  expect(forms("quay.io/x__y/z-1")).toEqual(["quay.io/x__y/z-1", "quay.io/x__y/z-1:latest"]);
  expect(forms("[::1]:5000/x")).toEqual(["[::1]:5000/x", "[::1]:5000/x:latest"]);
});

test("what is no reference", () => {
  const failure = (name: string) => {
    try {
      return parseReference(name);
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  expect(failure("Busybox")).toBe("invalid reference format: repository name (library/Busybox) must be lowercase");
  expect(failure("")).toBe("invalid reference format");
  expect(failure("a:b:c")).toBe("invalid reference format");
  expect(failure("a@sha256:12")).toBe("invalid reference format");
  expect(failure("ab".repeat(32))).toBe(
    `invalid repository name (${"ab".repeat(32)}), cannot specify 64-byte hexadecimal strings`,
  );
});
