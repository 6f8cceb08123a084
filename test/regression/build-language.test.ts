/** Corners of the Dockerfile's language, as dockerd's builder reads them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Builder } from "../build/builder.ts";

let builder: Builder;
beforeAll(async () => {
  builder = await Builder.start();
});
afterAll(async () => {
  await builder?.[Symbol.asyncDispose]();
});

const configOf = async (lines: string) =>
  (await builder.told(await builder.build({ dockerfile: `FROM busybox\n${lines}` }))).config;

test(
  "the shell's own signs and numbers are variables " + "that are never set; a backslash at a word's end goes",
  async () => {
    const { Env, Labels } = await configOf(
      'ENV A="[$?][$$][$!][$-][$999][$0][$@][$*][$#]" B=x$?y C=a$ G=$%x\nLABEL x="y\\\\z" y=\'a\\b\' z=a\\\\',
    );
    expect(Env).toEqual(expect.arrayContaining(["A=[][][][][][][][][]", "B=xy", "C=a$", "G=$%x"]));
    expect(Labels).toEqual({ x: "y\\z", y: "a\\b", z: "a\\" });
  },
);

test("variables in mounts, but not where their files come from", async () => {
  await builder.build({
    dockerfile:
      "FROM busybox\nARG T=tmpfs M=/m\nRUN --mount=type=$T,target=$M grep -q ' /m tmpfs ' /proc/mounts\nRUN " +
      "--mount=type=TMPFS,target=/n,size=${S:-1m} grep -q 'size=1024k' /proc/mounts\nRUN --mount='type=tmpfs," +
      '"target=/a,b"\' touch /a,b/x\nWORKDIR /w\nRUN --mount=type=cache touch /w/x',
  });
  expect(
    await builder.refusal({ dockerfile: "FROM busybox\nARG F=busybox\nRUN --mount=from=$F,target=/x true" }),
  ).toContain("'from' doesn't support variable expansion, define alias stage instead");
  expect(
    await builder.refusal({ dockerfile: "FROM busybox AS a\nARG F=a\nFROM busybox\nCOPY --from=$F /etc/passwd /x" }),
  ).toContain("variable expansion is not supported for --from");
  expect(await builder.refusal({ dockerfile: "FROM busybox\nRUN --mount=type=cache true" })).toContain(
    'invalid mount target "/"',
  );
});

test("names of here-documents: in quotes, in parts of them, behind a space; what stands in them", async () => {
  const image = await builder.build({
    dockerfile:
      "FROM busybox\nARG N=nn\nRUN <<'one two'\necho a > /a\none two\nRUN <<eo'f'\necho b > /b\neof\nRUN <<  " +
      "EOF\necho c > /c\nEOF\nRUN <<-EOF cat > /d\n\td\n\tEOF\nCOPY <<eo'f' <<E <<-T /x/\n$N\neof\n$N \\$N \\n " +
      "'$N' \\\\\nE\n\t\ttab\n\tT\nRUN <<EOF\n#!/bin/sh\necho $0 > /e\nEOF\nRUN echo $((1<<3)) 'a<<b' \"<<c\" " +
      "> /f",
  });
  const contents = await Promise.all(
    ["/a", "/b", "/c", "/d", "/x/eof", "/x/E", "/x/T", "/e", "/f"].map((path) => builder.content(image, path)),
  );
  expect(contents).toEqual([
    "a\n",
    "b\n",
    "c\n",
    "d\n",
    "$N\n",
    "nn $N n 'nn' \\\n",
    "tab\n",
    "/dev/pipes/EOF\n",
    "8 a<<b <<c\n",
  ]);
  expect((await builder.told(image)).history).toContain("RUN |1 N=nn /bin/sh -c /dev/pipes/EOF # buildkit");
  expect(await builder.refusal({ files: { a: "" }, dockerfile: "FROM busybox\nCOPY a <<EOF\nx\nEOF" })).toContain(
    "COPY cannot accept a heredoc as a destination",
  );
});

test("a file with Windows' line ends gives here-documents with them", async () => {
  const image = await builder.build({ dockerfile: "FROM busybox\r\nCOPY <<F /y\r\nl1\r\nl2\r\nF\r\nRUN true\r\n" });
  expect(await builder.content(image, "/y")).toBe("l1\r\nl2\r\n");
});

test("odd forms that mean something", async () => {
  const image = await builder.build({
    dockerfile:
      'FROM busybox\nARG P="80 81"\nARG W=who\nRUN\nCMD []\nMAINTAINER "$W <b>"\nUSER $nobody\nSTOPSIGNAL 99\n' +
      "EXPOSE $P 1:2 127.0.0.1:90:91/udp 5/TCP $none\nHEALTHCHECK --interval=0s CMD x",
  });
  const { config, history } = await builder.told(image);
  expect(config).toMatchObject({
    StopSignal: "99",
    ExposedPorts: { "80/tcp": {}, "81/tcp": {}, "2/tcp": {}, "91/udp": {}, "5/tcp": {} },
    Healthcheck: { Test: ["CMD-SHELL", "x"] },
  });
  expect([config.Cmd ?? null, config.User || null]).toEqual([null, null]);
  expect(history).toEqual(
    expect.arrayContaining(["RUN |2 P=80 81 W=who /bin/sh -c  # buildkit", "CMD []", 'MAINTAINER "$W <b>"', "USER "]),
  );
  expect(JSON.parse(await builder.daemon.ok("image", "inspect", image))[0].Author).toBe('"$W <b>"');
});

test.each([
  ["RUN []", "arguments are required"],
  ['RUN ["a", 1]', "when using JSON array syntax, arrays must be comprised of strings only"],
  ["VOLUME $none", "VOLUME specified can not be an empty string"],
  ["STOPSIGNAL FOO", "invalid signal: FOO"],
  ["EXPOSE 1/what", 'invalid port: "1/what": invalid proto: what'],
  ["EXPOSE x:1:2", "invalid IP address: x"],
  ["HEALTHCHECK CMD []", "Missing command after HEALTHCHECK CMD"],
  ["HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"],
  ["ENV A=${B:?}", "B: is not allowed to be unset"],
  ["ENV A=${}", "syntax error: bad substitution"],
])("%s is refused: %s", async (line, text) => {
  expect(await builder.refusal({ dockerfile: `FROM busybox\n${line}` })).toContain(text);
});

test("proxies are there under both of their names", async () => {
  const image = await builder.build({
    dockerfile: "FROM busybox\nRUN env | grep -i proxy | sort > /p",
    flags: ["--build-arg", "http_proxy=http://p:1", "--build-arg", "NO_PROXY=a,b"],
  });
  expect((await builder.content(image, "/p")).trim().split("\n").sort()).toEqual([
    "HTTP_PROXY=http://p:1",
    "NO_PROXY=a,b",
    "http_proxy=http://p:1",
    "no_proxy=a,b",
  ]);
});

test("a step that the base brings shows itself and its output", async () => {
  const base = await builder.build({
    dockerfile: "FROM busybox\nONBUILD RUN echo one\nONBUILD RUN echo OUT''PUT; exit 3",
  });
  for (const client of ["docker", "berth"] as const) {
    const text = await builder.refusal({ client, dockerfile: `FROM ${base}\nRUN true` });
    expect(text).toContain("OUTPUT");
    expect(text).toContain(client === "docker" ? "# Executing 2 build triggers" : "ONBUILD RUN echo OUT''PUT; exit 3");
    expect(text).toContain(client === "docker" ? "echo OUT''PUT; exit 3' returned a non-zero code: 3" : "exit code: 3");
  }
});

test("a build in the network of a container", async () => {
  const id = await builder.daemon.ok(
    "run",
    "-d",
    "--name",
    "donor",
    "--add-host",
    "known:192.0.2.7",
    "busybox",
    "httpd",
    "-f",
    "-p",
    "127.0.0.1:8080",
  );
  await builder.daemon.ok("exec", id, "sh", "-c", "echo here > /page");
  for (const ref of [id, "donor"])
    await builder.build({
      flags: ["--network", `container:${ref}`, "--no-cache"],
      dockerfile:
        "FROM busybox\nRUN wget -qO- http://127.0.0.1:8080/page | grep -qx here && grep -q 192.0.2.7 /etc/hosts",
    });
  await builder.daemon.ok("rm", "-f", id);
  expect(
    await builder.refusal({ flags: ["--network", "container:donor"], dockerfile: "FROM busybox\nRUN true" }),
  ).toContain("joining network namespace of container: No such container: donor");
});
