/** What the command line says of calls that cannot be, word for word as Docker 28.5 says it. */
import { expect, test } from "bun:test";
import { runCli, stubEngine } from "./testing.ts";

const missing = (path: string) => ({
  [path]: () => Response.json({ message: "No such container: nope" }, { status: 404 }),
});
const noSuch = "Error response from daemon: No such container: nope\n";

async function told(args: string[], routes: Parameters<typeof stubEngine>[0] = {}): Promise<[number, string]> {
  await using engine = stubEngine(routes);
  const { code, stderr, stdout } = await runCli(args, { engine });
  expect(stdout).toBe("");
  return [code, stderr];
}

test("containers that are not there", async () => {
  expect(await told(["rm", "nope"], missing("DELETE /containers/nope"))).toEqual([1, noSuch]);
  expect(await told(["rm", "-f", "nope"], missing("DELETE /containers/nope"))).toEqual([0, noSuch]);
  expect(await told(["start", "nope"], missing("POST /containers/nope/start"))).toEqual([
    1,
    `${noSuch}Error: failed to start containers: nope\n`,
  ]);
  expect(await told(["rename", "nope", "x"], missing("POST /containers/nope/rename"))).toEqual([
    1,
    `${noSuch}Error: failed to rename container named nope\n`,
  ]);
});

test("ports that are none, or not published", async () => {
  const routes = {
    "GET /containers/c/json": () =>
      Response.json({
        Id: "c",
        NetworkSettings: { Ports: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }], "90/tcp": null } },
      }),
  };
  for (const port of ["81", "81/tcp", "80/udp", "81/foo", "90"])
    expect(await told(["port", "c", port], routes)).toEqual([1, `Error: No public port '${port}' published for c\n`]);
  expect(await told(["port", "c", "abc"], routes)).toEqual([
    1,
    'Error: invalid port (abc): strconv.ParseUint: parsing "abc": invalid syntax\n',
  ]);
  expect(await told(["port", "c", "99999"], routes)).toEqual([
    1,
    'Error: invalid port (99999): strconv.ParseUint: parsing "99999": value out of range\n',
  ]);
});

test("times that are none", async () => {
  const routes = { "GET /containers/c/json": () => Response.json({ Id: "c", Config: {} }) };
  const since = async (text: string) => (await told(["logs", "--since", text, "c"], routes))[1];
  expect(await since("foo")).toBe('invalid value for "since": failed to parse value as time or duration: "foo"\n');
  expect(await since("1.2.3")).toBe('invalid value for "since": failed to parse value as time or duration: "1.2.3"\n');
  expect(await since("2020-13-01")).toBe('invalid value for "since": parsing time "2020-13-01": month out of range\n');
  expect(await since("2020-02-30")).toBe('invalid value for "since": parsing time "2020-02-30": day out of range\n');
  expect(await since("2020-01-01T25:00")).toBe(
    'invalid value for "since": parsing time "2020-01-01T25:00": hour out of range\n',
  );
  expect(await since("2020-1-1")).toBe(
    'invalid value for "since": parsing time "2020-1-1" as "2006-01-02": cannot parse "1-1" as "01"\n',
  );
  expect(await since("2020-01-01 10:00")).toBe(
    'invalid value for "since": parsing time "2020-01-01 10:00": extra text: " 10:00"\n',
  );
  expect(await since("2020-01-01T00:00:00+99:00")).toBe(
    'invalid value for "since": parsing time "2020-01-01T00:00:00+99:00": time zone offset hour out of range\n',
  );
  expect(await told(["logs", "--until", "x", "c"], routes)).toEqual([
    1,
    'invalid value for "until": failed to parse value as time or duration: "x"\n',
  ]);
  expect(await told(["events", "--since", "foo", "--until", "1"])).toEqual([
    1,
    'failed to parse value as time or duration: "foo"\n',
  ]);
});

test("a field that a network has not", async () => {
  const routes = { "GET /networks": () => Response.json([{ Name: "bridge", Id: "1" }]) };
  expect(await told(["network", "ls", "--format", "{{.Nope}}"], routes)).toEqual([
    1,
    'template parsing error: template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type ' +
      "*network.networkContext\n",
  ]);
});

test("templates of ps are tried before anything is asked of the engine", async () => {
  const format = async (text: string) => (await told(["ps", "--format", text]))[1];
  expect(await format("{{.Nope}}")).toBe(
    'failed to execute template: template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type ' +
      "*formatter.ContainerContext\n",
  );
  expect(await format("table {{.Nope}}")).toContain("failed to execute template: template: :1:8: ");
  expect(await format("{{nope}}")).toBe('failed to parse template: template: :1: function "nope" not defined\n');
  expect(await format("{{.ID")).toBe("failed to parse template: template: :1: unclosed action\n");
  expect((await told(["ps", "-q", "--format", "{{.Nope}}"]))[0]).toBe(1);
});

test("arguments and options", async () => {
  expect((await told(["volume", "inspect"]))[1]).toBe(
    "berth: 'berth volume inspect' requires at least 1 argument\n\nUsage:  berth volume inspect [OPTIONS] " +
      "VOLUME [VOLUME...]\n\nSee 'berth volume inspect --help' for more information\n",
  );
  expect((await told(["context", "show", "x"]))[1]).toContain("\n\nUsage:  berth context show\n\nRun ");
  expect(await told(["-H", "a", "-H", "b", "ps"])).toEqual([
    125,
    expect.stringMatching(/^invalid argument "b" for "-H, --host" flag: specify only one -H\n/),
  ]);
  expect(await told(["help", "ps", "nope"])).toEqual([1, "unknown help topic: nope\n"]);
  expect(await told(["help", "container", "nope", "x"])).toEqual([1, "unknown help topic: nope x\n"]);
  expect(await told(["export", "-o", "/nope/x.tar", "c"])).toEqual([
    1,
    "failed to export container: invalid output path: stat /nope: no such file or directory\n",
  ]);
});

test("labels without a name, and names that are none, are refused before anything is asked", async () => {
  for (const noun of ["volume", "network"]) {
    for (const label of ["", "=v"]) {
      const [code, text] = await told([noun, "create", "--label", label, "x"]);
      expect([code, text.split("\n")[0]]).toEqual([
        125,
        `invalid argument "${label}" for "--label" flag: invalid label '${label}': empty name`,
      ]);
    }
  }
  expect(await told(["create", "UPPER"])).toEqual([
    1,
    "invalid reference format: repository name (library/UPPER) must be lowercase\n",
  ]);
  expect((await told(["run", "UPPER"]))[1]).toStartWith(
    "berth: invalid reference format: repository name (library/UPPER) must be lowercase\n",
  );
  expect((await told(["create", "--platform", "foo", "busybox"]))[1]).toBe(
    'error parsing specified platform: "foo": unknown operating system or architecture: invalid argument\n',
  );
});

test("an image of another platform is pulled for the one that was asked", async () => {
  let pulled = false;
  await using engine = stubEngine({
    "POST /containers/create": () =>
      pulled
        ? Response.json({ Id: "abc" }, { status: 201 })
        : Response.json(
            {
              message:
                "image with reference busybox was found but its platform (linux/amd64) does not match the " +
                "specified platform (linux/s390x)",
            },
            { status: 404 },
          ),
    "POST /images/create": () => {
      pulled = true;
      return Response.json({ status: "done" });
    },
  });
  expect(await runCli(["create", "--platform", "linux/s390x", "busybox"], { engine })).toMatchObject({
    code: 0,
    stdout: "abc\n",
  });
  expect(engine.calls.find(({ path }) => path === "/images/create")?.query).toMatchObject({
    fromImage: "busybox",
    platform: "linux/s390x",
  });
});

test("TLS needs its authority, and each file that was named", async () => {
  const open = (path: string) =>
    `Failed to initialize: unable to resolve docker endpoint: open ${path}: no such file or directory\n`;
  expect(await told(["--tlsverify", "ps"])).toEqual([1, open("/nonexistent/.docker/ca.pem")]);
  expect(await told(["--tls", "--tlscacert", "/nope.pem", "ps"])).toEqual([1, open("/nope.pem")]);
});

test("an engine's text is told without the blanks around it", async () => {
  expect(
    await told(["network", "create", "host"], {
      "POST /networks/create": () =>
        Response.json({ message: "operation is not permitted on predefined host network " }, { status: 403 }),
    }),
  ).toEqual([1, "Error response from daemon: operation is not permitted on predefined host network\n"]);
});

test("a tree marks what is in use, be there platforms below it or not", async () => {
  const image = (Id: string, Containers: number) => ({
    Id: `sha256:${Id.repeat(64)}`,
    RepoTags: [`${Id}:1`],
    Created: 1,
    Size: 1000,
    Containers,
  });
  await using engine = stubEngine({ "GET /images/json": () => Response.json([image("a", 1), image("b", 0)]) });
  const { stdout } = await runCli(["images", "--tree"], { engine });
  const rows = stdout.split("\n");
  expect(rows.find((row) => row.startsWith("a:1"))?.trimEnd()).toEndWith(" U");
  expect(rows.find((row) => row.startsWith("b:1"))?.trimEnd()).not.toEndWith(" U");
});
