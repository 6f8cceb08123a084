import { expect, test } from "bun:test";
import {
  familiarName,
  familiarString,
  fullString,
  parseAnyReference,
  parseReference,
  retagged,
  withDefaultTag,
} from "./reference.ts";

const digest = `sha256:${"ab".repeat(32)}`;

test.each([
  ["busybox", "docker.io/library/busybox", "busybox"],
  ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"],
  ["docker.io/busybox", "docker.io/library/busybox", "busybox"],
  ["index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"],
  ["library/busybox", "docker.io/library/busybox", "busybox"],
  ["me/app", "docker.io/me/app", "me/app"],
  ["library/me/app", "docker.io/library/me/app", "library/me/app"],
  ["localhost/app", "localhost/app", "localhost/app"],
  ["localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"],
  ["ghcr.io/a/b/c", "ghcr.io/a/b/c", "ghcr.io/a/b/c"],
  ["HOST/app", "HOST/app", "HOST/app"],
  ["[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"],
  ["127.0.0.1:80/a", "127.0.0.1:80/a", "127.0.0.1:80/a"],
  ["a--b__c/d.e_f", "docker.io/a--b__c/d.e_f", "a--b__c/d.e_f"],
  [`app@${digest}`, `docker.io/library/app@${digest}`, `app@${digest}`],
  [`app:t@${digest}`, `docker.io/library/app:t@${digest}`, `app:t@${digest}`],
  ["app:5000", "docker.io/library/app:5000", "app:5000"],
  ["xn--n3h.com/app", "xn--n3h.com/app", "xn--n3h.com/app"],
])("%s", (text, full, familiar) => {
  const ref = parseReference(text);
  expect(fullString(ref)).toBe(full);
  expect(familiarString(ref)).toBe(familiar);
});

test.each([
  ["", "invalid reference format"],
  ["Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase"],
  ["a/B:tag", "invalid reference format: repository name (a/B) must be lowercase"],
  ["a".repeat(64), `invalid repository name (${"a".repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  ["-a", "invalid reference format"],
  ["a:", "invalid reference format"],
  ["a:b:c", "invalid reference format"],
  [`a:${"t".repeat(129)}`, "invalid reference format"],
  ["a//b", "invalid reference format"],
  ["a___b", "invalid reference format"],
  ["a b", "invalid reference format"],
  ["https://example.com/a", "invalid reference format"],
  [`example.com/${"a".repeat(256)}`, "repository name must not be more than 255 characters"],
  ["a@sha256:abc", "invalid reference format"],
  [`a@sha256:${"a".repeat(40)}`, "invalid checksum digest length"],
  [`a@md5:${"a".repeat(32)}`, "unsupported digest algorithm"],
  // A first part with a dot is a host, whatever else it looks like.
  ["a__b.c/d", "invalid reference format"],
  ["../a", "invalid reference format"],
])("%s is refused", (text, message) => {
  let error: unknown;
  try {
    parseReference(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ kind: "invalid", message });
});

test("defaults and ids", () => {
  expect(fullString(withDefaultTag(parseReference("a")))).toBe("docker.io/library/a:latest");
  expect(fullString(withDefaultTag(parseReference(`a@${digest}`)))).toBe(`docker.io/library/a@${digest}`);
  expect(parseAnyReference("ab".repeat(32))).toEqual({ id: digest });
  expect(parseAnyReference(digest)).toEqual({ id: digest });
  expect(familiarName(parseReference("x.io/a:b"))).toBe("x.io/a");
});

test.each([
  ["busybox", "b", "busybox:b"],
  ["busybox:a", "b", "busybox:b"],
  ["r.example/x:a", `sha256:${"b".repeat(64)}`, `r.example/x@sha256:${"b".repeat(64)}`],
  [`busybox@sha256:${"a".repeat(64)}`, "b", `busybox:b@sha256:${"a".repeat(64)}`],
])("%s with %s is %s", (name, tag, expected) => {
  expect(retagged(name, tag)).toBe(expected);
});
