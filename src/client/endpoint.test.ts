import { expect, test } from "bun:test";
import { sshArguments } from "./dial/ssh.ts";
import { parseAddress } from "./endpoint.ts";
import { filtersJson, queryString } from "./query.ts";

test("addresses of engines", () => {
  expect(parseAddress("unix:///run/x.sock", false)).toEqual({ kind: "unix", path: "/run/x.sock" });
  expect(parseAddress("unix://", false)).toEqual({ kind: "unix", path: "/run/berth/berth.sock" });
  expect(parseAddress("tcp://1.2.3.4:5555", false)).toEqual({
    kind: "tcp",
    hostname: "1.2.3.4",
    port: 5555,
    basePath: "",
  });
  expect(parseAddress("tcp://host", false)).toMatchObject({ hostname: "host", port: 2375 });
  expect(parseAddress("tcp://host", true)).toMatchObject({ port: 2376 });
  expect(parseAddress("host:80", false)).toMatchObject({ hostname: "host", port: 80 });
  expect(parseAddress("tcp://[::1]:99/base", false)).toMatchObject({ hostname: "[::1]", port: 99, basePath: "/base" });
  expect(() => parseAddress("npipe:////./pipe/x", false)).toThrow("unable to parse docker host `npipe:////./pipe/x`");
});

test("engines behind ssh", () => {
  expect(parseAddress("ssh://me@host:2222/run/x.sock", false)).toEqual({
    kind: "ssh",
    user: "me",
    hostname: "host",
    port: "2222",
    socket: "/run/x.sock",
  });
  expect(() => parseAddress("ssh://me:secret@host", false)).toThrow("plain-text password is not supported");
  const argv = sshArguments({ kind: "ssh", user: "me", hostname: "host", port: "2222", socket: "/run/x.sock" });
  expect(argv.slice(0, 9)).toEqual(["ssh", "-l", "me", "-p", "2222", "-o", "ConnectTimeout=30", "-T", "--"]);
  expect(argv.at(-1)).toContain("exec docker --host unix:///run/x.sock system dial-stdio");
});

test("query strings", () => {
  expect(queryString({ a: true, b: false, c: "", d: undefined, e: null, f: 0, g: ["x", "y z"], h: "ä&" })).toBe(
    "?a=1&f=0&g=x&g=y%20z&h=%C3%A4%26",
  );
  expect(queryString({})).toBe("");
  expect(filtersJson({ label: ["a=b", "c"] })).toBe('{"label":{"a=b":true,"c":true}}');
  expect(filtersJson({})).toBeUndefined();
});
