/**
 * What the filters of lists mean and what is said of bad ones, beside what dockerd 28.5 answered to the same requests.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
const images = new Map<string, string>();
beforeAll(async () => {
  daemon = await Daemon.start();
  const base = await importImage("busybox2", "y=");
  images.set("flt/a", base);
  await daemon.ok("tag", base, "flt/a:1");
  await daemon.ok("rmi", "busybox2");
  await importImage("flt/b", "x=1");
  await daemon.ok("network", "create", "--label", "x=1", "n1");
  await daemon.ok("network", "create", "--label", "y=", "n2");
  await daemon.ok("volume", "create", "--label", "x=1", "v1");
  await daemon.ok("volume", "create", "--label", "y=", "v2");
  await daemon.ok("create", "--name", "k1", "--label", "x=1", "busybox", "true");
  await daemon.ok(
    "run",
    "-d",
    "--name",
    "k2",
    "--label",
    "y=",
    "--expose",
    "80",
    "-p",
    "127.0.0.1::81",
    "-v",
    "v1:/v",
    "busybox",
    "sleep",
    "600",
  );
  await daemon.ok("create", "--name", "k3", "busybox", "true");
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

async function importImage(name: string, label: string): Promise<string> {
  const query = new URLSearchParams({ fromSrc: "-", repo: name, changes: `LABEL ${label}` });
  const response = await fetch(`http://d/images/create?${query}`, {
    unix: daemon.socket,
    method: "POST",
    body: new Uint8Array(1024),
  });
  return /sha256:[0-9a-f]{64}/.exec(await response.text())?.[0] ?? "";
}

/** The names in a list, or what is said of the request. `$NAME` in the filters stands for an image's id. */
async function ask(path: string, filters: string): Promise<string[] | string> {
  const text = filters.replace(/\$([\w/]+)/g, (_, name: string) => images.get(name) ?? "");
  const { status, json } = await daemon.api(
    "GET",
    `${path}${path.includes("?") ? "&" : "?"}filters=${encodeURIComponent(text)}`,
  );
  if (status !== 200) return `${status} ${json.message}`;
  const list: { Name?: string; Names?: string[]; RepoTags?: string[] }[] = json.Volumes ?? json;
  return list
    .map(({ Name, Names, RepoTags }) => Name ?? Names?.join() ?? RepoTags?.join() ?? "")
    .filter((name) => name !== "busybox:latest")
    .sort();
}

const containers = "/containers/json?all=1";
const everything = ["/k1", "/k2", "/k3"];
const networks = ["bridge", "host", "n1", "n2", "none"];
const volumes = ["v1", "v2"];
const tags = ["flt/a:1", "flt/b:latest"];
const dangling = '400 invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")';

test.each<[string, string, string[] | string]>([
  // An empty value asks for something.
  [containers, '{"id":[""]}', []],
  [containers, '{"label":[""]}', []],
  [containers, '{"ancestor":[""]}', []],
  [containers, '{"volume":[""]}', []],
  [containers, '{"name":[""]}', everything],
  [containers, '{"network":[""]}', everything],
  [containers, '{"isolation":[""]}', everything],
  [containers, '{"before":[""]}', "404 No such container: "],
  [containers, '{"since":[""]}', "404 No such container: "],
  [containers, '{"is-task":[""]}', "400 invalid filter 'is-task=[]'"],
  [containers, '{"exited":[""]}', "400 invalid filter 'exited=': strconv.Atoi: parsing \"\": invalid syntax"],
  [
    containers,
    '{"status":[""]}',
    "400 invalid filter 'status=': invalid value for state (): must be one of created, running, paused, " +
      "restarting, removing, exited, dead",
  ],
  ["/networks", '{"name":[""]}', networks],
  ["/networks", '{"id":[""]}', networks],
  ["/networks", '{"label":[""]}', []],
  ["/networks", '{"driver":[""]}', []],
  ["/networks", '{"scope":[""]}', []],
  ["/networks", '{"type":[""]}', "400 invalid filter: 'type'=''"],
  ["/networks", '{"dangling":[""]}', dangling],
  ["/volumes", '{"name":[""]}', volumes],
  ["/volumes", '{"driver":[""]}', []],
  ["/volumes", '{"label":[""]}', []],
  ["/volumes", '{"dangling":[""]}', "400 invalid filter 'dangling=[]'"],
  ["/images/json", '{"reference":[""]}', []],
  ["/images/json", '{"label":[""]}', []],
  ["/images/json", '{"dangling":[""]}', "400 invalid filter 'dangling=[]'"],
  ["/images/json", '{"until":[""]}', '400 failed to parse value as time or duration: ""'],
  // Several values; none; values that say false.
  [containers, '{"name":["k1","k3"]}', ["/k1", "/k3"]],
  [containers, '{"label":["x","y"]}', []],
  [containers, '{"name":["","k1"]}', everything],
  [containers, '{"name":{"k1":false}}', ["/k1"]],
  [containers, '{"health":{"none":false}}', []],
  [containers, '{"status":{"running":false}}', ["/k2"]],
  [containers, '{"is-task":{"true":false}}', "400 invalid filter 'is-task=[true]'"],
  [containers, '{"is-task":{"true":true,"false":false}}', []],
  [containers, '{"name":[]}', everything],
  [containers, '{"name":null}', everything],
  [containers, '{"name":[null]}', everything],
  [containers, '{"id":[null]}', []],
  [containers, '{"status":["exited"]}', []],
  [
    containers,
    '{"exited":["99999999999999999999"]}',
    "400 invalid filter 'exited=99999999999999999999': strconv.Atoi: parsing \"99999999999999999999\": value " +
      "out of range",
  ],
  ["/networks", '{"driver":{"bridge":false}}', []],
  ["/networks", '{"driver":{"bridge":true,"host":false}}', ["bridge", "n1", "n2"]],
  ["/networks", '{"scope":{"local":false}}', []],
  ["/networks", '{"type":[]}', []],
  ["/networks", '{"type":["custom","builtin"]}', networks],
  ["/networks", '{"type":["nope","custom"]}', "400 invalid filter: 'type'='nope'"],
  ["/networks", '{"dangling":[]}', networks],
  ["/networks", '{"dangling":["true"]}', ["n1", "n2"]],
  ["/networks", '{"dangling":["true","1"]}', '400 got more than one value for filter key "dangling"'],
  ["/networks", '{"label":["x","y"]}', []],
  ["/networks", '{"label":["x=1"]}', ["n1"]],
  ["/volumes", '{"driver":{"local":false}}', []],
  ["/volumes", '{"dangling":["true"]}', ["v2"]],
  ["/volumes", '{"dangling":["true","1"]}', ["v2"]],
  ["/volumes", '{"label":["y="]}', ["v2"]],
  ["/volumes", '{"dangling":[]}', "400 invalid filter 'dangling'"],
  ["/volumes", '{"dangling":{"true":false}}', "400 invalid filter 'dangling=[true]'"],
  ["/images/json", '{"dangling":{"true":false}}', "400 invalid filter 'dangling=[true]'"],
  ["/images/json", '{"dangling":[]}', "400 invalid filter 'dangling'"],
  ["/images/json", '{"reference":["flt/a","flt/b"]}', tags],
  ["/images/json", '{"reference":[]}', []],
  // Unknown keys, those that objects inherit among them.
  ...[containers, "/images/json", "/networks", "/volumes", "/plugins"].flatMap((path): [string, string, string][] => [
    ...["nope", "__proto__", "toString", "constructor", "hasOwnProperty", "Name"].map(
      (key): [string, string, string] => [path, `{"${key}":["x"]}`, `400 invalid filter '${key}'`],
    ),
    [path, '{"nope":[]}', "400 invalid filter 'nope'"],
    [path, '{"":["x"]}', "400 invalid filter"],
    [path, '{"label!":["x"]}', "400 invalid filter 'label!'"],
  ]),
  // What is neither all lists nor all maps.
  ...[
    "[]",
    '""',
    "1",
    "true",
    "{",
    "x",
    "{}x",
    '{"a":"v"}',
    '{"a":1}',
    '{"a":[1]}',
    '{"a":{"v":1}}',
    '{"a":{"v":"true"}}',
    '{"a":["x"],"b":{"y":true}}',
    '[{"a":["x"]}]',
  ].flatMap((text): [string, string, string][] => [
    ...[containers, "/images/json", "/networks", "/plugins", "/events?until=1"].map(
      (path): [string, string, string] => [path, text, "400 invalid filter"],
    ),
    ["/volumes", text, "400 error reading volume filters: invalid filter"],
  ]),
  // Patterns are Go's.
  ...[
    "(?i)K1",
    "k1\\z",
    "\\Ak1",
    "^/?[[:alpha:]]1$",
    "\\pL1",
    "(?P<n>k)1",
    "(?<n>k)1",
    "\\Qk1\\E",
    "^/k1$",
    "k[13]$|zz.*",
  ].map((pattern): [string, string, string[]] => [
    containers,
    JSON.stringify({ name: [pattern] }),
    pattern.startsWith("k[") ? ["/k1", "/k3"] : ["/k1"],
  ]),
  // Those that are none match nothing.
  ...["(", "*", "[", "k(?=1)", "(k)\\1", "a**", "x{1001}", "\\x"].flatMap((pattern): [string, string, string[]][] =>
    [containers, "/networks", "/volumes"].map((path) => [path, JSON.stringify({ name: [pattern] }), []]),
  ),
  ["/networks", '{"name":["(","N1","n1"]}', ["n1"]],
  ["/networks", '{"name":["(?i)^N[12]$"]}', ["n1", "n2"]],
  ["/volumes", '{"name":["(?i)V\\\\d\\\\z"]}', volumes],
  // References are matched as people write them.
  ["/images/json", '{"reference":["flt/*"]}', tags],
  ["/images/json", '{"reference":["docker.io/flt/a"]}', []],
  ["/images/json", '{"reference":["docker.io/*/*"]}', []],
  ["/images/json", '{"reference":["["]}', "400 syntax error in pattern"],
  ["/images/json", '{"before":["nope"]}', "404 No such image: nope:latest"],
  ["/images/json", '{"until":["x"]}', '400 failed to parse value as time or duration: "x"'],
  ["/images/json", '{"until":["2020-13-01"]}', '400 parsing time "2020-13-01": month out of range'],
])("%s %s", async (path, filters, answer) => {
  expect(await ask(path, filters)).toEqual(answer);
});

test.each<[value: string, answer: string | null, matches?: boolean]>([
  ["", "Empty string specified for ports."],
  ["nope", 'strconv.ParseUint: parsing "nope": invalid syntax'],
  ["/tcp", "Empty string specified for ports."],
  ["-1", 'strconv.ParseUint: parsing "": invalid syntax'],
  ["80-", 'strconv.ParseUint: parsing "": invalid syntax'],
  [" 80", 'strconv.ParseUint: parsing " 80": invalid syntax'],
  ["65536", 'strconv.ParseUint: parsing "65536": value out of range'],
  ["70000-80000", 'strconv.ParseUint: parsing "70000": value out of range'],
  ["90-80", "Invalid range specified for the Port: 90-80"],
  ["80,81", 'strconv.ParseUint: parsing "80,81": invalid syntax'],
  ["80", null, true],
  ["80/tcp", null, true],
  ["80/", null, true],
  ["80-90-100", null, true],
  ["80/tcp/udp", null, true],
  ["0-65535", null, true],
  ["80/udp", null, false],
  ["80/TCP", null, false],
  ["80/x", null, false],
  ["82-90", null, false],
])("expose=%j", async (value, complaint, matches = false) => {
  expect(await ask(containers, JSON.stringify({ expose: [value] }))).toEqual(
    complaint === null ? (matches ? ["/k2"] : []) : `400 error while looking up for expose ${value}: ${complaint}`,
  );
  if (complaint !== null)
    expect(await ask(containers, JSON.stringify({ publish: [value] }))).toBe(
      `400 error while looking up for publish ${value}: ${complaint}`,
    );
});

test.each(["x", "", "1.5", "99999999999999999999"])("stars=%j of a search", async (value) => {
  const complaint = value.length > 10 ? "value out of range" : "invalid syntax";
  expect(await ask("/images/search?term=x", JSON.stringify({ stars: [value] }))).toBe(
    `400 invalid filter 'stars=${value}': strconv.Atoi: parsing "${value}": ${complaint}`,
  );
});

test.each(["publish", "expose"])("%s takes no colon", async (key) => {
  expect(await ask(containers, `{"${key}":["80:80"]}`)).toBe(`400 filter for '${key}' should not contain ':': 80:80`);
});

test.each<[object, string, string[]]>([
  [{ before: ["k3"] }, "", ["/k2"]],
  [{ since: ["k1"] }, "", ["/k2"]],
  [{ since: ["k3"] }, "", []],
  [{ before: ["k2"] }, "", []],
  [{ since: ["k2"] }, "", []],
  [{ since: ["k1"] }, "all=1", ["/k2", "/k3"]],
  [{ before: ["k3"] }, "limit=1", ["/k2"]],
  [{ before: ["k3"], since: ["k1"] }, "all=1", ["/k2"]],
])("%j with %p", async (filters, query, found) => {
  expect(await ask(`/containers/json?${query}`, JSON.stringify(filters))).toEqual(found);
});

/** Types and actions of what happened while the scene was set. */
async function events(filters: string): Promise<string[] | string> {
  const { status, json, text } = await daemon.api(
    "GET",
    `/events?since=1&until=${Date.now() / 1000}&filters=${encodeURIComponent(filters)}`,
  );
  if (status !== 200) return `${status} ${json.message}`;
  const found = text
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line): { Type: string; Action: string } => JSON.parse(line));
  return [...new Set(found.map(({ Type, Action }) => `${Type} ${Action}`))]
    .filter((event) => !event.startsWith("image"))
    .sort();
}

test.each<[string, string[]]>([
  ['{"event":[""]}', []],
  ['{"type":[""]}', []],
  ['{"scope":[""]}', []],
  ['{"image":[""],"event":["create"]}', ["network create", "volume create"]],
  ['{"label":[""]}', []],
  ['{"event":["nope"]}', []],
  ['{"type":["nope"]}', []],
  ['{"container":["nope"]}', []],
  ['{"event":["creat"]}', []],
  ['{"type":["volume"]}', ["volume create", "volume mount"]],
  ['{"type":{"volume":false}}', []],
  ['{"type":["volume","nope"],"event":["create"]}', ["volume create"]],
  ['{"container":["k3"]}', ["container create"]],
  ['{"container":["k"],"event":["start"]}', ["container start"]],
  ['{"container":[""],"event":["start"]}', ["container start"]],
  ['{"label":["x=1"],"type":["container"]}', ["container create"]],
  ['{"nope":["x"],"type":["volume"]}', ["volume create", "volume mount"]],
  ['{"__proto__":["x"],"type":["volume"]}', ["volume create", "volume mount"]],
  ['{"type":[],"event":["mount"]}', ["volume mount"]],
])("events %s", async (filters, found) => {
  expect(await events(filters)).toEqual(found);
});

test("a pattern that would send others searching for ever holds nobody up", async () => {
  await daemon.ok("volume", "create", `${"a".repeat(200)}_`);
  const begun = performance.now();
  expect(await ask("/volumes", '{"name":["(a+)+$"]}')).toEqual([]);
  expect(performance.now() - begun).toBeLessThan(5000);
  await daemon.ok("volume", "rm", `${"a".repeat(200)}_`);
});
