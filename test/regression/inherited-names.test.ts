/**
 * Names that every object of the language has (`constructor`, `__proto__`) are names like others wherever somebody
 * gives some: kept where others are kept, and refused in the same words as others. Beside what dockerd 28.5 answered.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../harness.ts";

const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
const mac = "02:42:ac:11:00:09";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** Sends a text of JSON: what writes objects out would lose some of the names. */
async function send(path: string, body: string): Promise<{ status: number; message: string }> {
  const response = await fetch(`http://d${path}`, {
    unix: daemon.socket,
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  const { message = "" }: { message?: string } = JSON.parse((await response.text()) || "{}");
  return { status: response.status, message };
}

/**
 * What inspecting a container says at a path, the last name of which may be one of ours; the container goes away again.
 */
async function created(fields: string, at: string[], version = "v1.51"): Promise<unknown> {
  const { status, message } = await send(
    `/${version}/containers/create?name=pp`,
    `{"Image":"busybox","Cmd":["true"],${fields}}`,
  );
  if (status !== 201) return `${status} ${message}`;
  const { json } = await daemon.api("GET", "/v1.51/containers/pp/json");
  await daemon.api("DELETE", "/containers/pp?force=1");
  return at.reduce((value: any, name) => (Object.hasOwn(value, name) ? value[name] : `no ${name}`), json);
}

describe.each(names)("%s", (name) => {
  test.each<[string, string[], unknown]>([
    [`"Labels":{"${name}":"1"}`, ["Config", "Labels", name], "1"],
    [`"Env":["${name}=1","A=${name}"]`, ["Config", "Env"], [`${name}=1`, `A=${name}`]],
    [`"Volumes":{"/${name}":{}}`, ["Config", "Volumes", `/${name}`], {}],
    [`"HostConfig":{"Annotations":{"${name}":"1"}}`, ["HostConfig", "Annotations", name], "1"],
    [
      `"Labels":{"${name}":"1"},"HostConfig":{"LogConfig":{"Type":"json-file","Config":{"labels":"${name}"}}}`,
      ["HostConfig", "LogConfig", "Config", "labels"],
      name,
    ],
    [
      `"NetworkingConfig":{"EndpointsConfig":{"bridge":{"DriverOpts":{"${name}":"1"}}}}`,
      ["NetworkSettings", "Networks", "bridge", "DriverOpts", name],
      "1",
    ],
    [
      `"NetworkingConfig":{"EndpointsConfig":{"${name}":{"MacAddress":"${mac}"}}}`,
      ["NetworkSettings", "Networks", name, "MacAddress"],
      mac,
    ],
    [
      `"MacAddress":"${mac}","HostConfig":{"NetworkMode":"${name}"}`,
      ["NetworkSettings", "Networks", name, "MacAddress"],
      mac,
    ],
    [`"${name}":{"x":1},"HostConfig":{"${name}":1}`, ["Config", "Image"], "busybox"],
  ])("is kept: %s", async (fields, at, value) => {
    expect(await created(fields, at)).toEqual(value);
  });

  test.each<[string, string]>([
    [`"HostConfig":{"PortBindings":{"${name}":[{"HostPort":"1"}]}}`, `400 invalid port specification: "${name}"`],
    [`"HostConfig":{"Tmpfs":{"${name}":""}}`, `400 invalid mount path: '${name}' mount path must be absolute`],
    [`"HostConfig":{"CapAdd":["${name}"]}`, `400 invalid CapAdd: unknown capability: "CAP_${name.toUpperCase()}"`],
    [`"HostConfig":{"Runtime":"${name}"}`, `400 unknown or invalid runtime name: ${name}`],
    [
      `"HostConfig":{"LogConfig":{"Type":"json-file","Config":{"${name}":"1"}}}`,
      `400 unknown log opt '${name}' for json-file log driver`,
    ],
    [`"HostConfig":{"IpcMode":"${name}"}`, `400 invalid IPC mode: ${name}`],
    [`"StopSignal":"${name}"`, `400 invalid signal: ${name}`],
    [
      `"HostConfig":{"Mounts":[{"Type":"${name}","Target":"/x"}]}`,
      `400 invalid mount config for type "${name}": mount type unknown`,
    ],
  ])("is refused: %s", async (fields, words) => {
    expect(await created(fields, [])).toBe(words);
  });

  test.each(["v1.43", "v1.47"])("a mode of that name and an address, at %s", async (version) => {
    expect(
      await created(
        `"MacAddress":"${mac}","HostConfig":{"NetworkMode":"${name}"}`,
        ["NetworkSettings", "Networks", name, "MacAddress"],
        version,
      ),
    ).toBe(mac);
    // It is the endpoint's, and nobody else's.
    expect(
      await created(
        '"HostConfig":{"NetworkMode":"bridge"}',
        ["NetworkSettings", "Networks", "bridge", "MacAddress"],
        version,
      ),
    ).toBe("");
  });

  test("a network of that name", async () => {
    expect(
      await send("/networks/create", `{"Name":"${name}","Labels":{"${name}":"1"},"Options":{"${name}":"2"}}`),
    ).toEqual({ status: 201, message: "" });
    const { json } = await daemon.api("GET", `/networks/${name}`);
    expect([Object.entries(json.Labels), Object.entries(json.Options)]).toEqual([[[name, "1"]], [[name, "2"]]]);
    const id = await daemon.ok(
      "create",
      "--name",
      "in",
      "--network",
      name,
      "--mac-address",
      mac,
      "busybox",
      "sleep",
      "600",
    );
    expect(await send(`/networks/bridge/connect`, `{"Container":"in"}`)).toEqual({ status: 200, message: "" });
    await daemon.ok("start", "in");
    const networks: Record<string, { MacAddress: string }> = (await daemon.api("GET", `/containers/${id}/json`)).json
      .NetworkSettings.Networks;
    expect(Object.keys(networks).sort()).toEqual([name, "bridge"].sort());
    expect(Object.entries(networks).find(([key]) => key === name)?.[1].MacAddress).toBe(mac);
    expect(await daemon.ok("ps", "-q", "--no-trunc", "--filter", `network=${name}`)).toBe(id);
    await daemon.ok("rm", "-f", "in");
    await daemon.ok("network", "rm", name);
  });

  test("drivers and options of networks and volumes", async () => {
    expect(await send("/networks/create", `{"Name":"n","Driver":"${name}"}`)).toEqual({
      status: 404,
      message: `plugin "${name}" not found`,
    });
    expect(await send("/networks/create", `{"Name":"n","IPAM":{"Driver":"${name}"}}`)).toEqual({
      status: 404,
      message: `plugin "${name}" not found`,
    });
    expect(await send("/volumes/create", `{"Name":"vv","DriverOpts":{"${name}":"1"}}`)).toEqual({
      status: 400,
      message: `create vv: invalid option: "${name}"`,
    });
    const missing = `create vv: error looking up volume plugin ${name}: plugin "${name}" not found`;
    expect(await send("/volumes/create", `{"Name":"vv","Driver":"${name}"}`)).toEqual({
      status: 404,
      message: missing,
    });
    expect(
      await send(
        "/volumes/create",
        `{"Name":"vv","Labels":{"${name}":"1"},"DriverOpts":{"type":"tmpfs","device":"tmpfs","o":"${name}"}}`,
      ),
    ).toEqual({ status: 201, message: "" });
    expect(Object.entries((await daemon.api("GET", "/volumes/vv")).json.Labels)).toEqual([[name, "1"]]);
    const { stderr } = await daemon.docker("run", "--rm", "-v", "vv:/v", "busybox", "true");
    expect(stderr).toContain(`data: ${name}: invalid argument`);
    await daemon.ok("volume", "rm", "vv");
  });

  test("in a request's line and head", async () => {
    expect((await daemon.api("GET", `/containers/json?${name}=1`)).status).toBe(200);
    expect((await daemon.api("GET", `/${name}`)).json).toEqual({ message: "page not found" });
    expect((await daemon.api("GET", `/system/df?type=${name}`)).json).toEqual({
      message: `unknown object type: ${name}`,
    });
    const { status } = await fetch("http://d/_ping", { unix: daemon.socket, headers: { [name]: "1" } });
    expect(status).toBe(200);
  });

  test("signals and changes", async () => {
    await daemon.ok("run", "-d", "--name", "kk", "busybox", "sleep", "600");
    expect(await send(`/containers/kk/kill?signal=${name}`, "")).toEqual({
      status: 400,
      message: `cannot kill container: kk: invalid signal: ${name}`,
    });
    const change = (text: string) =>
      send(`/commit?container=kk&repo=changed&changes=${encodeURIComponent(text)}`, "{}");
    expect(await change(`HEALTHCHECK --${name}=1s CMD true`)).toEqual({
      status: 400,
      message: `unknown flag: --${name}`,
    });
    expect(await change(`${name} x`)).toEqual({ status: 400, message: `${name} is not a valid change command` });
    expect((await change(`LABEL ${name}=1`)).status).toBe(201);
    expect(Object.entries((await daemon.api("GET", "/images/changed/json")).json.Config.Labels)).toEqual([[name, "1"]]);
    await daemon.ok("rm", "-f", "kk");
    await daemon.ok("rmi", "changed");
  });

  test("on our own command line", async () => {
    const { stdout } = await daemon.berth(
      "create",
      "--label",
      `${name}=l`,
      "-e",
      name,
      "--network",
      name,
      "busybox",
      "true",
    );
    const id = stdout.trim();
    expect(
      (await daemon.api("GET", `/containers/${id}/json`)).json.Config.Env.filter((entry: string) =>
        entry.startsWith(name),
      ),
    ).toEqual([name]);
    const row = (label: string) =>
      daemon.berth("ps", "-a", "--filter", `label=${name}`, "--format", `[{{.Label "${label}"}}]`);
    expect((await row(name)).stdout).toBe("[l]\n");
    expect((await row(names.find((other) => other !== name) ?? "")).stdout).toBe("[]\n");
    expect((await daemon.berth("ps", "--filter", `${name}=x`)).stderr).toContain(
      `invalid filter '${name.toLowerCase()}'`,
    );
    await daemon.ok("rm", id);
  });
});

test("in a build", async () => {
  const context = mkdtempSync("/tmp/inherited-names-");
  try {
    writeFileSync(
      join(context, "Dockerfile"),
      [
        "FROM busybox",
        "ARG __proto__",
        "ARG constructor",
        "ARG toString",
        "ARG hasOwnProperty=d",
        "ENV valueOf=e",
        'RUN echo "[$__proto__][$constructor][$toString][$hasOwnProperty][$valueOf]" >/said; env | grep -c ' +
          '"^toString" >>/said || true',
        "LABEL toString=$valueOf",
      ].join("\n"),
    );
    const built = await daemon.berth(
      "build",
      "-q",
      "-t",
      "pb",
      "--build-arg",
      "__proto__=1",
      "--build-arg",
      "constructor=2",
      "--label",
      "__proto__=l",
      context,
    );
    expect(built).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await daemon.ok("run", "--rm", "pb", "cat", "/said")).toBe("[1][2][][d][e]\n0");
    expect(Object.entries((await daemon.api("GET", "/images/pb/json")).json.Config.Labels).sort()).toEqual([
      ["__proto__", "l"],
      ["toString", "e"],
    ]);
    await daemon.ok("rmi", "pb");
  } finally {
    rmSync(context, { recursive: true });
  }
});
