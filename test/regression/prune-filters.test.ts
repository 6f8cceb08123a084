/**
 * What the filters of prunes mean and what is said of bad ones, beside what dockerd 28.5 answered to the same requests.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
const context = mkdtempSync("/tmp/prune-filters-");
const names = new Map<string, string>();
beforeAll(async () => {
  daemon = await Daemon.start();
  writeFileSync(
    join(context, "Dockerfile"),
    "FROM busybox\nRUN --mount=type=cache,target=/c echo a >/c/a\nRUN echo b >/b\n",
  );
});
afterAll(async () => {
  rmSync(context, { recursive: true });
  await daemon[Symbol.asyncDispose]();
});

/** What a prune may take is there before each test, whatever the one before took. */
beforeEach(async () => {
  for (const [name, Labels] of Object.entries({ c1: { x: "1" }, c2: { y: "" } })) {
    const made = await daemon.api("POST", `/containers/create?name=${name}`, { Image: "busybox", Labels });
    if (made.status === 201) names.set(made.json.Id, name);
    const network = name.replace("c", "n");
    if ((await daemon.api("GET", `/networks/${network}`)).status === 404)
      await daemon.api("POST", "/networks/create", { Name: network, Labels });
    await daemon.api("POST", "/volumes/create", { Name: name.replace("c", "v"), Labels });
  }
  for (const label of ["x=1", "y="]) await nameless(label);
});

/** An image without a name, where there is none with that label. */
async function nameless(label: string): Promise<void> {
  const there = await daemon.api(
    "GET",
    `/images/json?filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`,
  );
  if (there.json.length > 0) return;
  const query = new URLSearchParams({ fromSrc: "-", changes: `LABEL ${label}` });
  const response = await fetch(`http://d/images/create?${query}`, {
    unix: daemon.socket,
    method: "POST",
    body: new Uint8Array(1024),
  });
  names.set(/sha256:[0-9a-f]{64}/.exec(await response.text())?.[0] ?? "", label);
}

/** What went, or what was said. */
async function prune(path: string, filters: string): Promise<string[] | string> {
  const { status, json } = await daemon.api("POST", `${path}?filters=${encodeURIComponent(filters)}`);
  if (status !== 200) return `${status} ${json.message}`;
  const gone: string[] | null =
    json.ContainersDeleted ??
    json.NetworksDeleted ??
    json.VolumesDeleted ??
    json.ImagesDeleted?.flatMap(({ Deleted = "" }) => (names.has(Deleted) ? [Deleted] : [])) ??
    null;
  return (gone ?? []).map((one) => names.get(one) ?? one).sort();
}

const kinds: [path: string, x: string, y: string, extra: string][] = [
  ["/containers/prune", "c1", "c2", ""],
  ["/networks/prune", "n1", "n2", ""],
  ["/images/prune", "x=1", "y=", ""],
  ["/volumes/prune", "v1", "v2", ',"all":["true"]'],
];

test.each(
  kinds.flatMap(([path, x, y, extra]): [string, string, string[]][] => [
    [path, `{"label":["x"]${extra}}`, [x]],
    [path, `{"label":["y="]${extra}}`, [y]],
    [path, `{"label":[""]${extra}}`, []],
    [path, `{"label":["nope"]${extra}}`, []],
    [path, `{"label":["x","y"]${extra}}`, []],
    [path, `{"label":[null]${extra}}`, []],
    [path, `{"label!":["x"]${extra}}`, [y]],
    [path, `{"label!":[""]${extra}}`, [x, y]],
    [path, `{"label!":["x","y"]${extra}}`, [x, y]],
    [path, `{"label!":[]${extra}}`, []],
    [path, `{"label":["__proto__"]${extra}}`, []],
    [path, `{"label!":["toString"]${extra}}`, [x, y]],
  ]),
)("%s %s takes %j", async (path, filters, gone) => {
  expect(await prune(path, filters)).toEqual(gone);
});

test.each([{ form: '{"label":{"x":false}}' }, { form: '{"label":{"x":null}}' }])(
  "$form asks for the label",
  async ({ form }) => {
    expect(await prune("/containers/prune", form)).toEqual(["c1"]);
  },
);

test.each(
  kinds.slice(0, 3).flatMap(([path, x, y]): [string, string, string[] | string][] => [
    [path, '{"until":["1h"]}', []],
    [path, '{"until":["2020-01-01"]}', []],
    [path, '{"until":["2099-01-01"]}', [x, y]],
    [path, '{"until":{"-1h":false}}', [x, y]],
    [path, '{"until":[""]}', '400 failed to parse value as time or duration: ""'],
    [path, '{"until":["1d"]}', '400 failed to parse value as time or duration: "1d"'],
    [path, '{"until":["2020-13-01"]}', '400 parsing time "2020-13-01": month out of range'],
    [path, '{"until":["1h","2h"]}', "400 more than one until filter specified"],
    [path, '{"until":["","1h"]}', "400 more than one until filter specified"],
    // Here dockerd falls, and prunes nothing.
    [path, '{"until":[]}', "400 invalid filter 'until'"],
    [path, '{"until":null}', "400 invalid filter 'until'"],
  ]),
)("%s %s", async (path, filters, answer) => {
  expect(await prune(path, filters)).toEqual(answer);
});

test.each(
  [...kinds.map(([path]) => path), "/build/prune"].flatMap((path): [string, string, string][] => {
    const before = path === "/build/prune" ? "failed to prune build cache: " : "";
    return [
      [path, "[]", "invalid filter"],
      [path, "{", "invalid filter"],
      [path, '{"label":"v"}', "invalid filter"],
      [path, '{"label":[1]}', "invalid filter"],
      [path, '{"a":["x"],"label":{"y":true}}', "invalid filter"],
      ...["nope", "dangling2", "__proto__", "toString", "constructor"].map((key): [string, string, string] => [
        path,
        `{"${key}":["x"]}`,
        `${before}invalid filter '${key}'`,
      ]),
      [path, '{"":["x"]}', `${before}invalid filter`],
    ];
  }),
)("%s %s is refused", async (path, filters, words) => {
  expect(await prune(path, filters)).toBe(`400 ${words}`);
});

test.each<[string, string[] | string]>([
  ['{"all":["true"]}', ["v1", "v2"]],
  ['{"all":["t"]}', ["v1", "v2"]],
  ['{"all":["TRUE"]}', ["v1", "v2"]],
  ['{"all":{"true":false}}', ["v1", "v2"]],
  ['{"all":["false"]}', []],
  ['{"all":["F"]}', []],
  ['{"all":[]}', []],
  ['{"all":null}', []],
  ['{"all":[""]}', "400 invalid filter 'all': strconv.ParseBool: parsing \"\": invalid syntax"],
  ['{"all":["x"]}', "400 invalid filter 'all': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ['{"all":["true","false"]}', "400 invalid filter 'all=[true false]': only one value is expected"],
  ['{"until":["1h"]}', "400 invalid filter 'until'"],
])("volumes %s", async (filters, answer) => {
  expect(await prune("/volumes/prune", filters)).toEqual(answer);
});

test.each<[string, string[] | string]>([
  ['{"dangling":["1"]}', ["x=1", "y="]],
  ['{"dangling":[]}', "400 invalid filter 'dangling'"],
  ['{"dangling":[""]}', "400 invalid filter 'dangling=[]'"],
  ['{"dangling":["TRUE"]}', "400 invalid filter 'dangling=[TRUE]'"],
  ['{"dangling":{"true":false}}', "400 invalid filter 'dangling=[true]'"],
  ['{"dangling":{"true":true,"false":false}}', ["x=1", "y="]],
  ['{"reference":["x"]}', "400 invalid filter 'reference'"],
])("images %s", async (filters, answer) => {
  expect(await prune("/images/prune", filters)).toEqual(answer);
});

test.each(["networks", "containers", "images", "build"])("a prune of %s that finds nothing says null", async (kind) => {
  const { json } = await daemon.api(
    "POST",
    `/${kind}/prune?filters=${encodeURIComponent(kind === "build" ? '{"type":["nope"]}' : '{"label":["nope"]}')}`,
  );
  expect(Object.values(json)).toContain(null);
});

/** The types of what went of the build's cache, each once. */
async function pruneCache(filters: string): Promise<string[] | string> {
  const cached = async (): Promise<{ ID: string; Type: string }[]> =>
    (await daemon.api("GET", "/v1.51/system/df?type=build-cache")).json.BuildCache ?? [];
  const built = await daemon.berth("build", "-q", "--no-cache", context);
  if (built.exitCode !== 0) throw new Error(built.stderr);
  const before = await cached();
  const mount = before.find(({ Type }) => Type === "exec.cachemount")?.ID ?? "";
  const text = filters.replace("MOUNT", mount).replace("MOU", mount.slice(0, 8));
  const { status, json } = await daemon.api("POST", `/build/prune?all=1&filters=${encodeURIComponent(text)}`);
  if (status !== 200) return `${status} ${json.message}`.replaceAll(mount, "MOUNT");
  const left = new Set((await cached()).map(({ ID }) => ID));
  return [...new Set(before.filter(({ ID }) => !left.has(ID)).map(({ Type }) => Type))].sort();
}

const mounts = ["exec.cachemount"];
const failed = "400 failed to prune build cache: ";
const span = (key: string, words: string) =>
  `${failed}"${key}" filter expects a duration (e.g., '24h') or a timestamp: ${words}`;

test.each<[string, string[] | string]>([
  ['{"type":["exec.cachemount"]}', mounts],
  ['{"type":["EXEC.cachemount"]}', []],
  ['{"type":["exec"]}', []],
  ['{"type":{"exec.cachemount":false}}', mounts],
  ['{"type":["exec.cachemount"],"private":[]}', mounts],
  ['{"type":["exec.cachemount"],"shared":[]}', []],
  ['{"private":["true"]}', []],
  ['{"inuse":["false"]}', []],
  ['{"inuse":[]}', []],
  ['{"id":["MOUNT"]}', mounts],
  ['{"id":["^MOU"]}', mounts],
  ['{"id":["MOUNT"],"type":["regular"]}', []],
  ['{"id":["\\"MOUNT\\""]}', mounts],
  ['{"id":["("]}', []],
  ['{"parent":["x"]}', []],
  ['{"label":["x"],"type":["exec.cachemount"]}', mounts],
  ['{"type":["exec.cachemount"],"until":["1h"]}', []],
  ['{"type":["exec.cachemount"],"until":["2099-01-01"]}', mounts],
  ['{"type":["regular","internal"]}', `${failed}filters expect only one value`],
  ['{"until":["1h","2h"]}', `${failed}filters expect only one value`],
  ['{"until":["1h"],"unused-for":["1h"]}', `${failed}conflicting filters: "until" and "unused-for"`],
  ['{"until":[""]}', span("until", 'failed to parse value as time or duration: ""')],
  ['{"unused-for":["1d"]}', span("unused-for", 'failed to parse value as time or duration: "1d"')],
  ['{"until":["2020-13-01"]}', span("until", 'parsing time "2020-13-01": month out of range')],
  [
    '{"id":[""]}',
    `${failed}failed to parse prune filters [id~=]: filters: parse error: [id~=]: expected value or quoted: ` +
      "invalid argument",
  ],
  [
    '{"id":["."]}',
    `${failed}failed to parse prune filters [id~=.]: filters: parse error: [id~= >|.|< ]: expected value or ` +
      "quoted: invalid argument",
  ],
  [
    '{"type":["~=("]}',
    `${failed}failed to parse prune filters [type==~=(]: filters: parse error: [type >|=|< =~=(]: unsupported ` +
      `operator "==~=": invalid argument`,
  ],
  [
    '{"description":["a b"]}',
    `${failed}failed to parse prune filters [description==a b]: filters: parse error: [description==a >| |< ` +
      "b]: unexpected input:  : invalid argument",
  ],
])("the build's cache %s", async (filters, answer) => {
  expect(await pruneCache(filters)).toEqual(answer);
});
