/** Pulls and pushes against Debian's docker-registry, plain and with TLS and users, and against ours with tokens. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, freePort, sh, until } from "../harness.ts";
import { RegistryProcess } from "../registry/process.ts";
import { RegistryClient } from "./client.ts";

let daemon: Daemon;
const client = new RegistryClient();
const { scratch, docker, ok, registry, makeImage, forget } = client;

beforeAll(async () => {
  daemon = await client.start();
});
afterAll(() => client[Symbol.asyncDispose]());

describe("a plain registry on loopback", () => {
  let host: string;
  beforeAll(async () => {
    host = await registry();
  });

  test("push, forget, pull, run; a second push sends nothing; tags and digests", async () => {
    await makeImage(`${host}/a/app:1`);
    const sum = await ok("run", "--rm", `${host}/a/app:1`, "md5sum", "/layer0");
    const pushed = await ok("push", `${host}/a/app:1`);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1] ?? "";
    expect((await ok("push", `${host}/a/app:1`)).match(/Layer already exists/g)?.length).toBe(4);
    await forget(`${host}/a/app:1`);
    expect((await docker("run", "--pull", "never", "--rm", `${host}/a/app:1`)).exitCode).toBe(125);
    const pulled = await ok("pull", `${host}/a/app:1`);
    expect(pulled).toContain(`Digest: ${digest}`);
    expect(pulled).toContain("Downloaded newer image");
    expect(await ok("pull", `${host}/a/app:1`)).toContain("Image is up to date");
    expect(await ok("run", "--rm", `${host}/a/app:1`, "md5sum", "/layer0")).toBe(sum);
    expect(await ok("pull", `${host}/a/app@${digest}`)).toContain("up to date");
    expect(await ok("images", "--digests", "--format", "{{.Digest}}", `${host}/a/app`)).toContain(digest);
    // What was pulled is pushed elsewhere as it came: the same digest, its layers mounted or reused.
    await ok("tag", `${host}/a/app:1`, `${host}/b/copy:2`);
    const copied = await ok("push", `${host}/b/copy:2`);
    expect(copied).toContain(`digest: ${digest}`);
    expect(copied).toContain("Mounted from a/app");
    await ok("rmi", `${host}/b/copy:2`);
  });

  test("skopeo reads what was pushed, and what skopeo wrote is pulled", async () => {
    await makeImage(`${host}/s/one`, 1);
    await ok("push", `${host}/s/one`);
    const inspected = await sh(["skopeo", "inspect", "--tls-verify=false", `docker://${host}/s/one`]);
    expect(JSON.parse(inspected.stdout).Layers.length).toBe(2);
    for (const format of ["oci", "v2s2"]) {
      expect(
        (
          await sh([
            "skopeo",
            "copy",
            "-q",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
            "--format",
            format,
            `docker://${host}/s/one`,
            `docker://${host}/s/${format}`,
          ])
        ).stderr,
      ).toBe("");
      expect(await ok("run", "--rm", `${host}/s/${format}`, "ls", "/layer0")).toBe("/layer0");
    }
    expect(
      (
        await sh([
          "skopeo",
          "copy",
          "-q",
          "--src-tls-verify=false",
          "--dest-tls-verify=false",
          "--dest-compress-format",
          "zstd",
          "--format",
          "oci",
          "--dest-force-compress-format",
          `docker://${host}/s/one`,
          `docker://${host}/s/zstd`,
        ])
      ).exitCode,
    ).toBeGreaterThanOrEqual(0);
  });

  test("all tags at once", async () => {
    await makeImage(`${host}/many:1`, 1);
    await ok("tag", `${host}/many:1`, `${host}/many:2`);
    expect((await ok("push", "--all-tags", `${host}/many`)).match(/digest:/g)?.length).toBe(2);
    await forget(`${host}/many:1`, `${host}/many:2`);
    expect(await ok("pull", "-a", `${host}/many`)).toContain(`Status: Downloaded newer image for ${host}/many\n`);
    expect(await ok("pull", "-a", `${host}/many`)).toContain(`Status: Image is up to date for ${host}/many\n`);
    expect((await ok("images", "-q", `${host}/many`)).split("\n").length).toBe(2);
  });

  test("what was loaded from an archive of other tools is pushed: its bytes, compressed", async () => {
    const root = mkdtempSync(join(scratch, "odd-"));
    // An archive that nobody would write the same again from its files: one name twice, in no order.
    const layer = await sh([
      "sh",
      "-c",
      `cd ${root} && mkdir x && echo 1 >x/zz && echo 2 >x/aa && tar -cf layer.tar -C x ./zz ./aa ./aa && ` +
        "sha256sum <layer.tar | cut -c-64",
    ]);
    const config = JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: [`sha256:${layer.stdout.trim()}`] },
    });
    writeFileSync(join(root, "config.json"), config);
    writeFileSync(
      join(root, "manifest.json"),
      JSON.stringify([{ Config: "config.json", RepoTags: [`${host}/odd:1`], Layers: ["layer.tar"] }]),
    );
    await sh(["tar", "-cf", join(root, "all.tar"), "-C", root, "manifest.json", "config.json", "layer.tar"]);
    await ok("load", "-i", join(root, "all.tar"));
    await ok("push", `${host}/odd:1`);
    await forget(`${host}/odd:1`);
    await ok("pull", `${host}/odd:1`);
    await ok("rmi", `${host}/odd:1`);
  });

  test("zstd on the way out by option, gzip otherwise; both come back", async () => {
    const types = async (name: string) => {
      const raw = await sh(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${host}/${name}`]);
      return (JSON.parse(raw.stdout).layers as { mediaType: string }[]).map((layer) =>
        layer.mediaType.split(/[.+]/).at(-1),
      );
    };
    await makeImage(`${host}/z/one`, 1);
    const pushed = await daemon.berth("push", "--compression", "zstd", `${host}/z/one`);
    expect(pushed.stderr).toBe("");
    // The layers below were sent before, and stay as they were.
    expect(await types("z/one")).toEqual(["gzip", "zstd"]);
    await daemon.reload({ registries: { [host]: { compression: "zstd" } } });
    await makeImage(`${host}/z/two`, 1);
    await ok("push", `${host}/z/two`);
    await daemon.reload({});
    expect(await types("z/two")).toEqual(["gzip", "zstd"]);
    const sum = await ok("run", "--rm", `${host}/z/two`, "md5sum", "/layer0");
    await forget(`${host}/z/one`, `${host}/z/two`);
    expect(await ok("run", "--rm", `${host}/z/two`, "md5sum", "/layer0")).toBe(sum);
    expect((await daemon.berth("push", "--compression", "xz", `${host}/z/two`)).stderr).toContain(
      'unsupported compression "xz"',
    );
    await forget(`${host}/z/two`);
  });

  test("of another platform than asked: pulled with a warning, not pushed", async () => {
    await ok("tag", "busybox", `${host}/plain:1`);
    await ok("push", `${host}/plain:1`);
    expect(await ok("pull", "--platform", "linux/s390x", `${host}/plain:1`)).toContain(
      "does not match the specified platform (linux/s390x)",
    );
    expect((await daemon.berth("push", "--platform", "linux/s390x", `${host}/plain:1`)).stderr).toContain(
      "does not match the specified platform (linux/s390x)",
    );
    await ok("rmi", `${host}/plain:1`);
  });

  test("what is not there is told in Docker's words", async () => {
    const missing = await docker("pull", `${host}/no/such:1`);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain(`manifest for ${host}/no/such:1 not found: manifest unknown: manifest unknown`);
    expect((await docker("pull", "-a", `${host}/no/such`)).stderr).toContain(
      `repository ${host}/no/such not found: name unknown: `,
    );
    expect((await docker("push", `${host}/never:1`)).stderr).toContain("An image does not exist locally with the tag");
    await ok("tag", "busybox", `${host}/some:1`);
    expect((await docker("push", `${host}/some:2`)).stderr).toContain(`tag does not exist: ${host}/some:2`);
    await ok("rmi", `${host}/some:1`);
    expect((await docker("pull", "127.0.0.1:1/x")).stderr).toContain(
      'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    expect((await docker("search", `${host}/x`)).stderr).toContain("Unexpected status code 404");
    // Programs are told by the status, since nothing of the stream has begun.
    expect((await daemon.api("POST", `/images/create?fromImage=${host}/no/such&tag=1`)).status).toBe(404);
    expect((await daemon.api("POST", "/images/create?fromImage=127.0.0.1:1/x&tag=1")).status).toBe(500);
    expect((await docker("pull", "a/UPPER")).stderr).toContain("invalid reference format");
  });

  test("two pulls of one image at once fetch each layer once", async () => {
    await makeImage(`${host}/twice`, 2, 4000);
    await ok("push", `${host}/twice`);
    await forget(`${host}/twice`);
    const [one, two] = await Promise.all([ok("pull", `${host}/twice`), ok("pull", `${host}/twice`)]);
    const completes = `${one}\n${two}`.match(/Pull complete/g)?.length ?? 0;
    expect(completes).toBeGreaterThanOrEqual(2);
    expect(await ok("run", "--rm", `${host}/twice`, "ls", "/layer1")).toBe("/layer1");
  });
});

test("a registry with TLS of its own authority and users", async () => {
  const root = mkdtempSync(join(scratch, "tls-"));
  await sh([
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-keyout",
    join(root, "key.pem"),
    "-out",
    join(root, "cert.pem"),
  ]);
  writeFileSync(join(root, "users"), (await sh(["htpasswd", "-nbB", "ann", "secret"])).stdout.trim());
  const port = freePort();
  writeFileSync(
    join(root, "config.yml"),
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${root}/data}}\nhttp:\n  addr: ` +
      `127.0.0.1:${port}\n  tls: {certificate: ${root}/cert.pem, key: ${root}/key.pem}\nauth:\n  htpasswd: ` +
      `{realm: here, path: ${root}/users}\n`,
  );
  const child = Bun.spawn(["docker-registry", "serve", join(root, "config.yml")], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  client.ends.defer(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  await until("the registry", () =>
    fetch(`https://127.0.0.1:${port}/v2/`, { tls: { rejectUnauthorized: false } }).then(
      () => true,
      () => false,
    ),
  );
  const host = `127.0.0.1:${port}`;
  await daemon.reload({ registries: { [host]: { insecure: false, ca: join(root, "cert.pem") } } });

  await ok("tag", "busybox", `${host}/t/box`);
  const refused = await docker("push", `${host}/t/box`);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("no basic auth credentials");
  expect((await docker("pull", `${host}/t/box`)).stderr).toContain(
    `Get "https://${host}/v2/t/box/manifests/latest": no basic auth credentials`,
  );
  expect((await docker("login", "-u", "ann", "-p", "wrong", host)).stderr).toContain(
    `login attempt to https://${host}/v2/ failed with status: 401 Unauthorized`,
  );
  expect(await ok("login", "-u", "ann", "-p", "secret", host)).toContain("Login Succeeded");
  expect(await ok("push", `${host}/t/box`)).toContain("digest:");
  await ok("rmi", `${host}/t/box`);
  await ok("pull", `${host}/t/box`);
  await ok("logout", host);
  await ok("rmi", `${host}/t/box`);
  expect((await docker("pull", `${host}/t/box`)).exitCode).toBe(1);
  // Without the authority the certificate is not trusted.
  await daemon.reload({ registries: { [host]: { insecure: false } } });
  expect((await docker("pull", `${host}/t/box`)).stderr).toContain("x509");
  await daemon.reload({});
});

test("a registry with tokens: login keeps a refresh token, not the password, and all goes by it", async () => {
  const users = join(scratch, "token-users");
  writeFileSync(users, (await sh(["htpasswd", "-nbB", "-C", "5", "ann", "secret"])).stdout.trim());
  await using own = await RegistryProcess.start(["--auth", `token:${users}`]);
  const host = own.address;
  await ok("tag", "busybox", `${host}/t/box`);
  expect((await docker("push", `${host}/t/box`)).stderr).toContain("unauthorized: authentication required");
  // A client that hears of 401 asks who pulls, even where nobody can answer (docker 28.2).
  const { status, json } = await daemon.api("POST", `/images/create?fromImage=${host}/t/box&tag=latest`);
  expect([status, json.message]).toEqual([401, expect.stringContaining("unauthorized: authentication required")]);
  expect((await docker("login", "-u", "ann", "-p", "wrong", host)).stderr).toContain(
    `Get "http://${host}/v2/": unauthorized: incorrect username or password`,
  );
  expect(await ok("login", "-u", "ann", "-p", "secret", host)).toContain("Login Succeeded");
  const kept = JSON.parse(readFileSync(join(scratch, "config", "config.json"), "utf8")).auths[host];
  expect(kept.identitytoken).toBeTruthy();
  expect(Buffer.from(kept.auth, "base64").toString()).not.toContain("secret");
  expect(await ok("push", `${host}/t/box`)).toContain("digest:");
  await ok("rmi", `${host}/t/box`);
  await ok("pull", `${host}/t/box`);
  expect(await ok("search", `${host}/box`)).toContain("t/box");
  await ok("logout", host);
  expect(await ok("search", `${host}/box`)).not.toContain("t/box");
  await ok("rmi", `${host}/t/box`);
});
