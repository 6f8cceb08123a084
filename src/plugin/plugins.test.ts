import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { errorMessage } from "../lib/errors.ts";
import { silent } from "../lib/log.ts";
import { Plugins } from "./plugins.ts";
import { type PluginAnswer, RecordingPlugin } from "./testing.ts";

/** A directory of plugins, gone at the end. */
function scratch() {
  const directory = mkdtempSync("/tmp/berth-plugins-");
  return {
    directory,
    plugins: new Plugins([`${directory}/a`, directory], silent),
    plugin: (name: string, answers: Record<string, PluginAnswer>) =>
      new RecordingPlugin(`${directory}/${name}.sock`, answers),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

const isVolumeDriver = { "Plugin.Activate": { Implements: ["VolumeDriver"] } };
const complaint = async (work: Promise<unknown>): Promise<string> => await work.then(() => "", errorMessage);

describe("finding plugins", () => {
  test("by socket, by a folder of their name, by .spec and by .json; asked once what they are", async () => {
    using place = scratch();
    const { directory, plugins } = place;
    mkdirSync(`${directory}/inner`);
    using one = place.plugin("one", isVolumeDriver);
    using inner = new RecordingPlugin(`${directory}/inner/inner.sock`, isVolumeDriver);
    writeFileSync(`${directory}/two.spec`, `unix://${directory}/one.sock\n`);
    writeFileSync(`${directory}/three.json`, JSON.stringify({ Name: "other", Addr: `unix://${directory}/one.sock` }));
    writeFileSync(`${directory}/file.sock`, "");
    for (const name of ["one", "inner", "two", "three", "one"])
      expect((await plugins.get(name, "VolumeDriver")).name).toBe(name);
    expect(one.methods()).toEqual(["Plugin.Activate", "Plugin.Activate", "Plugin.Activate"]);
    expect(inner.methods()).toEqual(["Plugin.Activate"]);
    for (const name of ["file", "other", "../one", "inner/inner", ""])
      expect(await complaint(plugins.get(name, "VolumeDriver"))).toBe(`plugin "${name}" not found`);
    expect(plugins.active("VolumeDriver").map(({ name }) => name)).toEqual(["one", "inner", "two", "three"]);
  });

  test("over TCP, and not over what is neither", async () => {
    using place = scratch();
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ Implements: ["authz"] }) });
    writeFileSync(`${place.directory}/tcp.spec`, `tcp://127.0.0.1:${server.port}`);
    expect((await place.plugins.get("tcp", "authz")).implements).toEqual(["authz"]);
    writeFileSync(`${place.directory}/bad.spec`, "ftp://x");
    expect(await complaint(place.plugins.get("bad", "authz"))).toBe("legacy plugin: Unknown protocol");
    writeFileSync(`${place.directory}/worse.json`, "{bad");
    expect(await complaint(place.plugins.get("worse", "authz"))).toBe(
      "legacy plugin: invalid character 'b' looking for beginning of object key string",
    );
    writeFileSync(
      `${place.directory}/ca.json`,
      JSON.stringify({ Addr: "https://127.0.0.1:1", TLSConfig: { CAFile: "/nonexist" } }),
    );
    expect(await complaint(place.plugins.get("ca", "authz"))).toBe(
      'legacy plugin: could not read CA certificate "/nonexist": open /nonexist: no such file or directory',
    );
  });

  test("with a certificate on both sides", async () => {
    using place = scratch();
    const pem = (name: string) => `${import.meta.dir}/../client/dial/testdata/${name}.pem`;
    const [cert, key, ca] = ["server", "server-key", "ca"].map((name) => Bun.file(pem(name)));
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { cert: cert ?? [], key: key ?? [], ca: ca ?? [], requestCert: true, rejectUnauthorized: true },
      fetch: () => Response.json({ Implements: ["authz"] }),
    });
    const spec = {
      Addr: `https://127.0.0.1:${server.port}`,
      TLSConfig: { CAFile: pem("ca"), CertFile: pem("client"), KeyFile: pem("client-key") },
    };
    writeFileSync(`${place.directory}/tls.json`, JSON.stringify(spec));
    expect((await place.plugins.get("tls", "authz")).implements).toEqual(["authz"]);
  });

  test("a look at all there are leaves out what does not work", async () => {
    using place = scratch();
    using _good = place.plugin("good", isVolumeDriver);
    using _other = place.plugin("other", { "Plugin.Activate": { Implements: ["authz"] } });
    using _bad = place.plugin("bad", { "Plugin.Activate": "hello" });
    expect((await place.plugins.all("VolumeDriver")).map(({ name }) => name)).toEqual(["good"]);
  });

  test("a registered one is named as images are, hides files, and goes again", async () => {
    using place = scratch();
    using file = place.plugin("run", isVolumeDriver);
    const registered = place.plugins.register({
      name: "run:latest",
      implements: ["VolumeDriver"],
      socket: file.socket,
      hostPath: (path) => `/there${path}`,
    });
    const plugin = await place.plugins.get("run", "VolumeDriver");
    expect([plugin.name, plugin.managed, plugin.hostPath("/x")]).toEqual(["run:latest", true, "/there/x"]);
    expect(file.methods()).toEqual([]);
    registered[Symbol.dispose]();
    expect((await place.plugins.get("run", "VolumeDriver")).managed).toBe(false);
  });
});

describe("what is wrong with a plugin", () => {
  const answers: [string, PluginAnswer, string][] = [
    ["an error", () => Response.json({ Err: "hp boom" }, { status: 500 }), "legacy plugin: Plugin.Activate: hp boom"],
    ["text", () => new Response("nope", { status: 404 }), "legacy plugin: Plugin.Activate: nope"],
    ["no JSON", "hello", "legacy plugin: invalid character 'h' looking for beginning of value"],
    [
      "nothing",
      {},
      'legacy plugin: Plugin does not implement the requested driver: plugin="x", ' +
        'requested implementation="VolumeDriver"',
    ],
  ];
  for (const [what, answer, words] of answers) {
    test(`it answers ${what}`, async () => {
      using place = scratch();
      using _plugin = place.plugin("x", { "Plugin.Activate": answer });
      expect(await complaint(place.plugins.get("x", "VolumeDriver"))).toBe(words);
    });
  }

  test("it goes and comes back between two calls, and while one waits for it", async () => {
    using place = scratch();
    using plugin = place.plugin("x", isVolumeDriver);
    const driver = await place.plugins.get("x", "VolumeDriver");
    await plugin.leave();
    plugin.come();
    expect(await driver.call("VolumeDriver.List", {})).toEqual({});
    await plugin.leave();
    expect(await complaint(driver.call("VolumeDriver.List", {}, { once: true }))).toMatch(
      /^Post "http:\/\/plugin.moby.localhost\/VolumeDriver.List": dial unix \/.*x.sock: connect: [a-z ]+$/,
    );
    const waiting = driver.call("VolumeDriver.List", {});
    plugin.come();
    expect(await waiting).toEqual({});
    expect(plugin.methods()).toEqual(["Plugin.Activate", "VolumeDriver.List", "VolumeDriver.List"]);
  });

  test("it hangs, before its answer and within it", async () => {
    using place = scratch();
    const head = () => new Response(new ReadableStream({ start: (body) => body.enqueue("{") }));
    using _plugin = place.plugin("x", { ...isVolumeDriver, A: () => new Promise(() => {}), B: head });
    const driver = await place.plugins.get("x", "VolumeDriver");
    for (const method of ["A", "B"])
      expect(await complaint(driver.call(method, {}, { limit: 100 }))).toBe(
        `Post "http://plugin.moby.localhost/${method}": context deadline exceeded`,
      );
  });
});

test("requests have the headers and bodies that plugins know from Docker", async () => {
  using place = scratch();
  const seen: string[] = [];
  using listener = Bun.listen({
    unix: `${place.directory}/raw.sock`,
    socket: {
      data(socket, data) {
        seen.push(data.toString());
        const answer = JSON.stringify({ Implements: ["VolumeDriver"] });
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
      },
    },
  });
  const driver = await place.plugins.get("raw", "VolumeDriver");
  await driver.call("VolumeDriver.Create", { Name: "a&b", Opts: null });
  const head = (method: string, length: number) =>
    `POST /${method} HTTP/1.1\r\nHost: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\n` +
    `Content-Length: ${length}\r\nAccept: application/vnd.docker.plugins.v1.2+json\r\n\r\n`;
  expect(seen).toEqual([
    head("Plugin.Activate", 0),
    `${head("VolumeDriver.Create", 32)}{"Name":"a\\u0026b","Opts":null}\n`,
  ]);
  listener.stop(true);
});
