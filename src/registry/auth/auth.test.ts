import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseHtpasswd } from "./htpasswd.ts";
import { TokenKeys } from "./jwt.ts";
import { allows } from "./rules.ts";
import { parseScopes } from "./scopes.ts";

const work = mkdtempSync("/tmp/berth-auth-");
afterAll(() => rmSync(work, { recursive: true, force: true }));

test("scopes", () => {
  expect(parseScopes(["repository:a/b:pull,push repository:host:5000/c:pull", "registry:catalog:*"])).toEqual([
    { type: "repository", name: "a/b", actions: ["pull", "push"] },
    { type: "repository", name: "host:5000/c", actions: ["pull"] },
    { type: "registry", name: "catalog", actions: ["*"] },
  ]);
  expect(parseScopes(["repository(plugin):a:pull"])).toEqual([{ type: "repository", name: "a", actions: ["pull"] }]);
  expect(parseScopes(["", "x", "a:b", "repository:a:PULL", "::"])).toEqual([]);
});

test("rules only ever add", () => {
  const open = { access: [], anonymousPull: false };
  expect(allows(open, "ann", "x", "delete")).toBe(true);
  expect(allows(open, null, "x", "pull")).toBe(false);
  expect(allows({ ...open, anonymousPull: true }, null, "x", "pull")).toBe(true);
  expect(allows({ ...open, anonymousPull: true }, null, "x", "push")).toBe(false);
  const rules = {
    anonymousPull: false,
    access: [
      { users: ["ann"], repositories: ["team/**"], actions: ["pull" as const, "push" as const] },
      { users: ["*"], repositories: ["home/{user}/*"], actions: ["push" as const] },
      { users: ["anonymous"], repositories: ["public/*"], actions: ["pull" as const] },
    ],
  };
  expect(allows(rules, "ann", "team/a/b", "push")).toBe(true);
  expect(allows(rules, "ann", "team/a", "delete")).toBe(false);
  expect(allows(rules, "bob", "team/a", "pull")).toBe(false);
  expect(allows(rules, "bob", "home/bob/x", "push")).toBe(true);
  expect(allows(rules, "*", "home/bob/x", "push")).toBe(false);
  expect(allows(rules, "bob", "public/x", "pull")).toBe(true);
  expect(allows(rules, null, "home//x", "push")).toBe(false);
});

test("htpasswd files", () => {
  const hash = "$2y$05$bkxSzRRE4KqpdQ90VHt1oONrPFysuja/Qh3ryYEwNyxF/nEU8FECi";
  const ignored: string[] = [];
  const users = parseHtpasswd(
    `# people\nann:${hash}\n\nold:$apr1$x$y\nplain:secret\n:${hash}\nbob:${hash}\r\n`,
    (user) => ignored.push(user),
  );
  expect([...users.keys()]).toEqual(["ann", "bob"]);
  expect(ignored).toEqual(["old", "plain"]);
});

test("tokens", () => {
  const file = join(work, "keys/token.pem");
  const keys = TokenKeys.own(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const now = Date.UTC(2030, 0, 1);
  const token = keys.issue({ iss: "me", aud: "you", sub: "ann" }, 60_000, now);
  expect(TokenKeys.own(file).verify(token, "me", "you", now)?.sub).toBe("ann");
  expect(keys.verify(token, "other", "you", now)).toBeUndefined();
  expect(keys.verify(token, "me", "other", now)).toBeUndefined();
  expect(keys.verify(token, "me", "you", now + 200_000)).toBeUndefined();
  expect(keys.verify(token, "me", "you", now - 200_000)).toBeUndefined();
  expect(TokenKeys.own(join(work, "another.pem")).verify(token, "me", "you", now)).toBeUndefined();
  for (const broken of ["", ".", "..", "...", "a.b.c", token.slice(0, -2), `${token}x`, `${token}.x`])
    expect(keys.verify(broken, "me", "you", now)).toBeUndefined();
});
