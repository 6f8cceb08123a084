/** Links of the default bridge: names in lists and requests, lines in the hosts file, variables, and how they go. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterEach(async () => {
  const all = (await daemon.api("GET", "/containers/json?all=1")).json as { Id: string }[];
  await Promise.all(all.map(({ Id }) => daemon.api("DELETE", `/containers/${Id}?force=1`)));
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

async function create(name: string, hostConfig: object = {}, config: object = {}): Promise<string> {
  const { status, json } = await daemon.api("POST", `/containers/create?name=${name}`, {
    Image: "busybox",
    Cmd: ["sleep", "1000"],
    StopSignal: "KILL",
    ...config,
    HostConfig: hostConfig,
  });
  if (status !== 201) throw new Error(json.message);
  return json.Id;
}
const start = async (name: string) => (await daemon.api("POST", `/containers/${name}/start`)).json?.message ?? "";
async function run(name: string, hostConfig: object = {}, config: object = {}): Promise<string> {
  const id = await create(name, hostConfig, config);
  expect(await start(name)).toBe("");
  return id;
}
const stop = (name: string) => daemon.api("POST", `/containers/${name}/stop?t=0`);
const inspect = async (name: string) => (await daemon.api("GET", `/containers/${name}/json`)).json;
const address = async (name: string) => (await inspect(name)).NetworkSettings.Networks.bridge.IPAddress as string;
async function names(): Promise<string[]> {
  const all = (await daemon.api("GET", "/containers/json?all=1")).json as { Names: string[] }[];
  return all.map((c) => c.Names.join()).sort();
}
const hostsFile = (id: string) => join(daemon.dataRoot, "containers", id, "hosts");
const hosts = (id: string) =>
  readFileSync(hostsFile(id), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !/localhost|ip6-/.test(line));
const variables = (lines: string) =>
  lines.split("\n").filter((line) => line !== "" && !/^(PATH|HOSTNAME|HOME)=/.test(line));
async function ofProcess(name: string): Promise<string[]> {
  const path = `/proc/${(await inspect(name)).State.Pid}/environ`;
  // Until the runtime has made way for the program, it is the runtime's own.
  await until("the program", async () => readFileSync(path, "utf8").includes("HOSTNAME="));
  return variables(readFileSync(path, "utf8").replaceAll("\0", "\n"));
}
const ofExec = async (name: string, ...options: string[]) =>
  variables(await daemon.ok("exec", ...options, name, "env"));

describe("names", () => {
  test("stand in lists, sorted, and lead to the container", async () => {
    const app = await create("app")
      .then(() => create("far"))
      .then(() => create("web", { Links: ["app:u", "app:u2", "/app:/x/y", "app", "app:a/b"] }));
    await create("aaa", { Links: ["web/u:Q"] });
    expect(await names()).toEqual(["/aaa", "/aaa/Q,/app,/web/a/b,/web/app,/web/u,/web/u2,/web/y", "/far", "/web"]);
    expect((await inspect("web")).HostConfig.Links).toEqual([
      "/app:/web/u",
      "/app:/web/u2",
      "/app:/web/y",
      "/app:/web/app",
      "/app:/web/a/b",
    ]);
    for (const ref of ["web/u", "web%2Fu", "%2Fweb%2Fu", "web/a/b", "aaa/Q"])
      expect([ref, (await inspect(ref)).Name]).toEqual([ref, "/app"]);
    for (const ref of [`${app}/u`, "web/none", "nobody/u", "far/u", "u"]) {
      expect(await inspect(ref)).toEqual({ message: `No such container: ${ref}` });
    }
    const byName = async (name: string) =>
      (
        await daemon.api(
          "GET",
          `/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify({ name: [name] }))}`,
        )
      ).json;
    expect(await byName("web/u2")).toEqual([]);
    for (const cli of [daemon.docker, daemon.berth]) {
      expect((await cli.call(daemon, "ps", "-a", "--filter", "name=app", "--format", "{{.Names}}")).stdout).toBe(
        "app\n",
      );
      expect(
        (await cli.call(daemon, "ps", "-a", "--no-trunc", "--filter", "name=app", "--format", "{{.Names}}")).stdout,
      ).toBe("aaa/Q,app,web/a/b,web/app,web/u,web/u2,web/y\n");
    }
  });

  test("serve every request, and follow renames of both", async () => {
    await run("app");
    const web = await run("web", { Links: ["app:u"] });
    expect(await daemon.ok("exec", "web/u", "echo", "hi")).toBe("hi");
    for (const path of ["logs?stdout=1", "top", "stats?stream=0", "changes", "archive?path=/etc/hosts"])
      expect([path, (await daemon.api("GET", `/containers/web/u/${path}`)).status]).toEqual([path, 200]);
    expect((await daemon.api("POST", "/containers/web/u/rename?name=app2")).status).toBe(204);
    expect((await daemon.api("POST", "/containers/web/rename?name=web2")).status).toBe(204);
    expect(await names()).toEqual(["/app2,/web2/u", "/web2"]);
    expect((await inspect(web)).HostConfig.Links).toEqual(["/app2:/web2/u"]);
    expect((await inspect("web/u")).message).toBe("No such container: web/u");
    expect((await stop("web2/u")).status).toBe(204);
    expect((await inspect("app2")).State.Status).toBe("exited");
    expect((await daemon.api("DELETE", "/containers/web2/u")).status).toBe(204);
    expect(await names()).toEqual(["/web2"]);
    expect((await inspect("web2")).HostConfig.Links).toEqual(["/app2:/web2/u"]);
    await create("app2");
    expect(await names()).toEqual(["/app2", "/web2"]);
  });

  test(
    "of two links with one alias the first holds; one without an alias is none; one that leaves the container's " +
      "names is refused",
    async () => {
      await create("app");
      await create("other");
      await create("web", { Links: ["app:u", "other:u", "app:u", "app:", "app:.", "/app:/x/"] });
      expect((await inspect("web")).HostConfig.Links).toEqual(["/app:/web/u"]);
      for (const alias of ["..", "../other", "a/../../x"])
        await expect(create("bad", { Links: [`app:${alias}`] })).rejects.toThrow(`invalid alias for links: ${alias}`);
      expect(await names()).toEqual(["/app,/web/u", "/other", "/web"]);
    },
  );

  test("a container on no network has them, one on a network of its own has not", async () => {
    await create("app");
    await daemon.ok("network", "create", "own");
    await run("alone", { NetworkMode: "none", Links: ["app:u"] });
    await run("apart", { NetworkMode: "own", Links: ["app:u"] });
    expect(await names()).toEqual(["/alone", "/alone/u,/app", "/apart"]);
    expect((await inspect("apart")).HostConfig.Links).toBeNull();
    expect(await ofProcess("alone")).toEqual([]);
  });
});

describe("removal", () => {
  test(
    "takes the name, the line in the running parent's hosts " + "file and the variables, and leaves everything else",
    async () => {
      const app = await run("app", {}, { Hostname: "h" });
      const web = await run("web", { Links: ["app:u", "app:v", "app:w"], ExtraHosts: ["u:9.9.9.9"] });
      await daemon.ok("exec", "web", "sh", "-c", "echo '1.2.3.4 mine' >> /etc/hosts");
      const [ip, own] = [await address("app"), `${await address("web")}\t${web.slice(0, 12)}`];
      expect(hosts(web)).toEqual([
        "9.9.9.9\tu",
        `${ip}\tu h app`,
        `${ip}\tv h app`,
        `${ip}\tw h app`,
        own,
        "1.2.3.4 mine",
      ]);
      const remove = async (ref: string) => {
        const { status, json } = await daemon.api("DELETE", `/containers/${ref}?link=1`);
        return [status, json?.message];
      };
      expect(await remove("web/nope")).toEqual([404, "No such container: web/nope"]);
      expect(await remove("nobody/u")).toEqual([404, "No such container: nobody/u"]);
      expect(await remove("nobody")).toEqual([404, "No such container: nobody"]);
      expect(await remove(`${web}/u`)).toEqual([404, `No such container: ${web}/u`]);
      for (const ref of ["web", app])
        expect(await remove(ref)).toEqual([500, "Conflict, cannot remove the default link name of the container"]);
      expect(hosts(web)).toHaveLength(6);

      expect(await remove("web/u")).toEqual([204, undefined]);
      expect(hosts(web)).toEqual(["9.9.9.9\tu", `${ip}\tv h app`, `${ip}\tw h app`, own, "1.2.3.4 mine"]);
      expect(await daemon.docker("rm", "--link", "web/v")).toMatchObject({ exitCode: 0, stdout: "web/v\n" });
      expect(await daemon.berth("rm", "--link", "/web/w")).toMatchObject({ exitCode: 0, stdout: "/web/w\n" });
      expect(await daemon.berth("rm", "-l", "web/w")).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("Error response from daemon: No such container: web/w"),
      });
      expect(await daemon.ok("exec", "web", "cat", "/etc/hosts")).toEndWith(`\n9.9.9.9\tu\n${own}\n1.2.3.4 mine`);
      expect(await names()).toEqual(["/app", "/web"]);
      expect((await inspect("web")).HostConfig.Links).toBeNull();
      expect(await ofExec("web")).toEqual([]);
      await daemon.restart();
      await daemon.ok("restart", "-t", "0", "web");
      expect(hosts(web)).toEqual(["9.9.9.9\tu", own]);
    },
  );

  test("of a link below another name is refused", async () => {
    await create("app");
    await create("web", { Links: ["app:a/b"] });
    expect((await daemon.api("DELETE", "/containers/web/a/b?link=1")).json).toEqual({
      message: "Cannot get parent /web/a for link name /web/a/b",
    });
    expect(await names()).toEqual(["/app,/web/a/b", "/web"]);
  });

  test("cut off by a crash: hosts file and record agree", async () => {
    await run("app");
    const aliases = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const web = await run("web", { Links: aliases.map((alias) => `app:${alias}`) });
    const done: string[] = [];
    const work = aliases.map((alias) =>
      daemon.api("DELETE", `/containers/web/${alias}?link=1`).then(
        ({ status }) => {
          if (status === 204) done.push(alias);
        },
        () => {},
      ),
    );
    await Promise.race(work);
    await daemon.kill();
    await Promise.all(work);
    await daemon.up();
    const linked = ((await inspect("web")).HostConfig.Links ?? []).map((link: string) =>
      link.slice("/app:/web/".length),
    ) as string[];
    expect(
      hosts(web)
        .flatMap((line) => line.split(/\s/)[1]?.match(/^n\d+$/) ?? [])
        .sort(),
    ).toEqual(linked.toSorted());
    for (const alias of done) expect(linked).not.toContain(alias);
    for (const alias of linked)
      expect((await daemon.api("DELETE", `/containers/web/${alias}?link=1`)).status).toBe(204);
    expect(hosts(web)).toHaveLength(1);
  });

  test("what a crash left of addresses and lines is mended at the next start of the daemon", async () => {
    await run("app");
    const web = await run("web", { Links: ["app:u", "app:v"] });
    const whole = hosts(web).toSorted();
    await daemon.kill();
    // As a crash would leave it: a removal that has got as far as the file, and an address that has changed since.
    const text = readFileSync(hostsFile(web), "utf8");
    writeFileSync(hostsFile(web), text.replace(/^.*\tu .*\n/m, "").replace(/^\S+\tv /m, "192.0.2.1\tv "));
    await daemon.up();
    expect(hosts(web).toSorted()).toEqual(whole);
  });
});

describe("what cannot be reached", () => {
  test("off the default network: taken at create, refused at start, and good once it is on it", async () => {
    await daemon.ok("network", "create", "elsewhere");
    const app = await run("app", { NetworkMode: "elsewhere" });
    await create("web", { Links: ["app:u"] });
    const message = `container ${app} not attached to default bridge network`;
    expect((await daemon.api("POST", "/containers/web/start")).json).toEqual({ message });
    expect(await inspect("web")).toMatchObject({
      State: { Status: "created", ExitCode: 128, Error: message },
      HostConfig: { Links: ["/app:/web/u"] },
    });
    await daemon.ok("network", "connect", "bridge", "app");
    expect(await start("web")).toBe("");
    expect((await ofProcess("web"))[0]).toBe("U_NAME=/web/u");
    await daemon.ok("network", "disconnect", "bridge", "app");
    expect((await daemon.api("POST", "/containers/web/exec", { Cmd: ["true"] })).json).toEqual({ message });
  });

  test("not running, or gone: neither starts nor execs, and the link still shows", async () => {
    await create("app");
    const web = await create(
      "web",
      { Links: ["app:u"] },
      { Healthcheck: { Test: ["CMD", "true"], Interval: 200_000_000, Retries: 1 } },
    );
    const message = "Cannot link to a non running container: /app AS /web/u";
    expect(await daemon.api("POST", "/containers/web/start")).toMatchObject({ status: 500, json: { message } });
    await start("app");
    expect(await start("web")).toBe("");
    await stop("app");
    expect(await daemon.api("POST", "/containers/web/exec", { Cmd: ["true"] })).toMatchObject({
      status: 500,
      json: { message },
    });
    await until("the failed probe", async () => (await inspect("web")).State.Health.Status === "unhealthy");
    expect((await inspect("web")).State.Health.Log.at(-1)).toMatchObject({ ExitCode: -1, Output: message });
    await start("app");
    expect(await daemon.ok("exec", "web", "echo", "hi")).toBe("hi");
    await daemon.api("POST", "/containers/app/rename?name=app3");
    await daemon.ok("rm", "-f", "app3");
    const gone = "Cannot link to a non running container: /app3 AS /web/u";
    expect((await daemon.api("POST", "/containers/web/exec", { Cmd: ["true"] })).json.message).toBe(gone);
    expect((await daemon.api("POST", "/containers/web/restart?t=0")).json.message).toBe(
      `Cannot restart container web: ${gone}`,
    );
    expect((await inspect("web")).State).toMatchObject({ Status: "exited", ExitCode: 137, Error: gone });
    await create("app3");
    await daemon.restart();
    expect((await inspect("web")).HostConfig.Links).toEqual(["/app3:/web/u"]);
    expect(await names()).toEqual(["/app3", "/web"]);
    expect(await start(web)).toBe(gone);
  });

  test("a start that fails before there is a process keeps the last run's code, if that was not 0", async () => {
    await run("app");
    await create("three", { Links: ["app:u"] }, { Cmd: ["sh", "-c", "exit 3"] });
    await create("zero", { Links: ["app:u"] }, { Cmd: ["true"] });
    for (const name of ["three", "zero"]) {
      await start(name);
      await daemon.api("POST", `/containers/${name}/wait`);
    }
    await stop("app");
    for (const [name, code] of [
      ["three", 3],
      ["zero", 128],
    ] as const) {
      expect(await start(name)).toStartWith("Cannot link to a non running container");
      expect((await inspect(name)).State.ExitCode).toBe(code);
    }
  });
});

describe("variables", () => {
  test("tell process and execs of ports, name and variables; what the container says itself wins", async () => {
    await run(
      "app",
      {},
      {
        Env: ["A=1", "PATH=/x:/bin", "HOME=/h", "EQ=a=b", "NONE"],
        ExposedPorts: { "81/tcp": {}, "80/tcp": {}, "53/udp": {} },
      },
    );
    await run("web", { Links: ["app:my-Db.x"] }, { Env: ["MY_DB.X_PORT=own", "MINE=1", "MY_DB.X_ENV_A"] });
    const ip = await address("app");
    const port = (number: number, protocol: string) => {
      const name = `MY_DB.X_PORT_${number}_${protocol.toUpperCase()}`;
      return [
        `${name}=${protocol}://${ip}:${number}`,
        `${name}_ADDR=${ip}`,
        `${name}_PORT=${number}`,
        `${name}_PROTO=${protocol}`,
      ];
    };
    const range = ["START=tcp://IP:80", "PORT_START=80", "END=tcp://IP:81", "PORT_END=81"].map(
      (each) => `MY_DB.X_PORT_80_TCP_${each.replace("IP", ip)}`,
    );
    const told = (name: string) => [
      // The port that ends the run comes before the sum of it.
      "MY_DB.X_PORT=own",
      ...port(80, "tcp"),
      ...port(81, "tcp"),
      ...port(53, "udp"),
      ...range,
      `MY_DB.X_NAME=/${name}/my-Db.x`,
      "MY_DB.X_ENV_EQ=a=b",
      "MINE=1",
    ];
    expect(await ofProcess("web")).toEqual(told("web"));
    expect(await ofExec("web")).toEqual(await ofProcess("web"));
    expect(await ofExec("web", "-e", "MY_DB.X_NAME=over")).toContain("MY_DB.X_NAME=over");
    await daemon.api("POST", "/containers/web/rename?name=web2");
    expect(await ofExec("web2")).toEqual(told("web2"));
  });

  test("follow the address; several links come one after the other", async () => {
    await run("app", {}, { ExposedPorts: { "80/tcp": {} } });
    await run("db", {}, { Env: ["Q=1"] });
    const web = await run("web", { Links: ["db:zz", "app:aa"] });
    expect((await ofProcess("web")).map((line) => line.split("=")[0] ?? "")).toEqual([
      "ZZ_NAME",
      "ZZ_ENV_Q",
      "AA_PORT",
      "AA_PORT_80_TCP",
      "AA_PORT_80_TCP_ADDR",
      "AA_PORT_80_TCP_PORT",
      "AA_PORT_80_TCP_PROTO",
      "AA_NAME",
    ]);
    const before = await address("app");
    await daemon.ok("exec", "web", "sh", "-c", "echo '1.2.3.4 mine' >> /etc/hosts");
    await stop("app");
    await run("taker");
    await start("app");
    const after = await address("app");
    expect(after).not.toBe(before);
    expect(await ofExec("web")).toContain(`AA_PORT_80_TCP_ADDR=${after}`);
    expect(hosts(web).filter((line) => /\taa |mine/.test(line))).toEqual([
      `${after}\taa ${(await inspect("app")).Id.slice(0, 12)} app`,
      "1.2.3.4 mine",
    ]);
  });
});
