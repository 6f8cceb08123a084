import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { sh, until } from "../harness.ts";
import { Browser } from "./browser.ts";
import { blobOf, pushImage, putManifest, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";

let browser: Browser;
let registry: RegistryProcess;
let guarded: RegistryProcess;
let work: string;
const ann = { Authorization: `Basic ${btoa("ann:secret")}` };

const configOf = (architecture: string, over: object = {}) =>
  JSON.stringify({
    architecture,
    os: "linux",
    created: "2026-01-02T03:04:05Z",
    rootfs: { type: "layers", diff_ids: [] },
    config: {
      Env: ["LANG=C"],
      Cmd: ["serve"],
      Labels: { "org.opencontainers.image.description": "Says <b>hello</b>" },
    },
    history: [
      { created_by: "/bin/sh -c #(nop) ADD file:1234 in / " },
      { created_by: "RUN /bin/sh -c make install # buildkit", comment: "buildkit.dockerfile.v0" },
      { created_by: '/bin/sh -c #(nop)  CMD ["serve"]', empty_layer: true },
    ],
    ...over,
  });

beforeAll(async () => {
  work = mkdtempSync("/tmp/berth-registry-page-");
  const users = join(work, "users");
  await sh(["htpasswd", "-iBc", "-C", "5", users, "ann"], { input: "secret" });
  [browser, registry, guarded] = await Promise.all([
    Browser.start(),
    RegistryProcess.start(),
    RegistryProcess.start(["--auth", `htpasswd:${users}`, "--anonymous-pull"]),
  ]);
  await pushImage(registry, "team/web", "v1", {
    config: configOf("amd64"),
    layers: [randomBlob(300_000), randomBlob(20_000)],
  });
  await pushImage(registry, "team/web", "v2", {
    config: configOf("amd64", { author: "x" }),
    layers: [randomBlob(300_000), randomBlob(20_000)],
  });
  const parts = [
    await pushImage(registry, "team/multi", "", { config: configOf("amd64") }),
    await pushImage(registry, "team/multi", "", { config: configOf("arm64", { config: { Env: ["ONLY=arm"] } }) }),
  ];
  const manifests = parts.map(({ manifest }, index) => ({
    mediaType: mediaTypes.ociManifest,
    digest: manifest.digest,
    size: manifest.size,
    platform: { os: "linux", architecture: index === 0 ? "amd64" : "arm64" },
  }));
  await putManifest(
    registry,
    "team/multi",
    "latest",
    blobOf(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })),
    mediaTypes.ociIndex,
  );
  await pushImage(guarded, "app", "v1", { config: configOf("amd64"), headers: ann });
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await guarded[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

test("shows repositories, tags, layers and history", async () => {
  await browser.go(`${registry.url}/`);
  const list = await browser.sees("team/web");
  expect(list).toContain("team/multi");
  // Texts of images are texts, whatever they look like.
  expect(list).toContain("Says <b>hello</b>");
  await browser.click("team/web");
  const tags = await browser.sees(`docker pull ${registry.address}/team/web:v2`);
  expect(tags).toContain("linux/amd64");
  await browser.click("v1");
  const image = await browser.sees("History");
  for (const text of [
    "ADD … /",
    "RUN make install",
    'CMD ["serve"]',
    "300 kB",
    "20.0 kB",
    "LANG=C",
    `docker pull ${registry.address}/team/web:v1`,
  ])
    expect(image).toContain(text);
});

test("shows the platforms of an index, one at a time", async () => {
  await browser.go(`${registry.url}/#/r/team/multi:latest`);
  await browser.sees("LANG=C");
  await browser.click("linux/arm64");
  await browser.sees("ONLY=arm");
});

test("searches, by keyboard alone", async () => {
  await browser.go(`${registry.url}/#/`);
  await browser.sees("team/multi");
  await browser.press("/");
  expect(await browser.evaluate("document.activeElement.id")).toBe("query");
  await browser.type("mul");
  await browser.sees("Repositories matching “mul”");
  expect(await browser.evaluate("document.querySelector('main').innerText")).not.toContain("team/web");
  await browser.press("Enter");
  expect(await browser.evaluate("document.activeElement.textContent")).toBe("team/multi");
  await browser.press("Enter");
  await browser.sees(`docker pull ${registry.address}/team/multi`);
});

test("copies the pull command", async () => {
  await browser.send("Browser.grantPermissions", {
    origin: registry.url,
    permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"],
  });
  await browser.go(`${registry.url}/#/r/team/web:v2`);
  await browser.sees("team/web:v2");
  await browser.click(`Copy: docker pull ${registry.address}/team/web:v2`);
  await browser.sees("Copied");
  expect(await browser.evaluate("navigator.clipboard.readText()")).toBe(`docker pull ${registry.address}/team/web:v2`);
});

test("asks before it deletes", async () => {
  await browser.go(`${registry.url}/#/r/team/web`);
  await browser.sees("v2");
  await browser.click("Delete tag v1");
  await browser.sees("Delete team/web:v1?");
  await browser.press("Escape");
  await until(
    "the question to close",
    async () => (await browser.evaluate("document.querySelector('dialog[open]') === null")) === true,
  );
  expect((await registry.fetch("/v2/team/web/manifests/v1")).status).toBe(200);
  await browser.click("Delete tag v1");
  await browser.sees("Delete team/web:v1?");
  await browser.click("Delete");
  await until("the tag to be gone", async () => (await registry.fetch("/v2/team/web/manifests/v1")).status === 404);
  expect((await registry.fetch("/v2/team/web/manifests/v2")).status).toBe(200);
});

test("lets people log in and out, and delete only then", async () => {
  await browser.go(`${guarded.url}/#/r/app`);
  await browser.sees("v1");
  expect(await browser.evaluate("document.body.innerText")).not.toContain("Delete");
  await browser.click("Log in");
  await browser.sees("Password");
  await browser.type("ann");
  await browser.press("Tab");
  await browser.type("wrong");
  await browser.press("Enter");
  await browser.sees("incorrect username or password");
  await browser.evaluate(
    "document.querySelector('[name=password]').value = ''; document.querySelector('[name=password]').focus()",
  );
  await browser.type("secret");
  await browser.press("Enter");
  await browser.sees("Log out");
  await browser.sees("Delete");
  expect(await browser.evaluate("document.cookie")).toBe("");
  await browser.click("Log out");
  await until("the button to go", async () => !(await browser.evaluate("document.body.innerText")).includes("Delete"));
});

test("deletion needs the page's own request, and rights", async () => {
  const path = "/-/api/image?name=app&reference=v1";
  const own = { "X-Requested-By": "berth" };
  expect((await guarded.fetch(path, { method: "DELETE", headers: own })).status).toBe(401);
  expect((await guarded.fetch(path, { method: "DELETE", headers: ann })).status).toBe(403);
  const login = await guarded.fetch("/-/api/session", {
    method: "POST",
    headers: own,
    body: new URLSearchParams({ user: "ann", password: "secret" }),
  });
  const cookie = login.headers.get("set-cookie") ?? "";
  expect(cookie).toContain("HttpOnly");
  expect(cookie).toContain("SameSite=Strict");
  const session = { Cookie: cookie.split(";")[0] ?? "" };
  expect((await guarded.fetch("/v2/", { headers: session })).status).toBe(401);
  expect((await guarded.fetch(path, { method: "DELETE", headers: session })).status).toBe(403);
  expect((await guarded.fetch(path, { method: "DELETE", headers: { ...session, ...own } })).status).toBe(200);
  expect((await guarded.fetch("/-/api/session", { headers: { Cookie: "berth_session=a.b.c" } })).status).toBe(200);
});

test("is light and dark, and nothing goes out of bounds", async () => {
  for (const [scheme, color] of [
    ["light", "rgb(255, 255, 255)"],
    ["dark", "rgb(18, 22, 27)"],
  ] as const) {
    await browser.media(scheme);
    for (const width of [1200, 400]) {
      await browser.resize(width, 800);
      await browser.go(`${registry.url}/#/r/team/multi:latest`);
      await browser.sees("History");
      expect(await browser.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(color);
      expect(await browser.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    }
  }
});

test("loads nothing from elsewhere, and the browser complained of nothing", async () => {
  const response = await registry.fetch("/");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  const again = await registry.fetch("/-/page.js", {
    headers: { "If-None-Match": (await registry.fetch("/-/page.js")).headers.get("etag") ?? "" },
  });
  expect(again.status).toBe(304);
  // A wrong password is a failed request, which browsers log.
  expect(browser.complaints.filter((text) => !text.includes("401"))).toEqual([]);
});
