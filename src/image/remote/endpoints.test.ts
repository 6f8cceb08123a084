import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpoints, type RegistriesConfig } from "./endpoints.ts";

const config = (given: Partial<RegistriesConfig>): RegistriesConfig => ({
  registries: {},
  insecureRegistries: [],
  hubMirrors: [],
  certsDirs: [],
  proxies: {},
  ...given,
});
const urls = (domain: string, given: Partial<RegistriesConfig> = {}, use: "pull" | "push" = "pull") =>
  endpoints(domain, config(given), use).map(({ url }) => url);

test("the registry itself: TLS, and plain HTTP where that is allowed", () => {
  expect(urls("docker.io")).toEqual(["https://registry-1.docker.io"]);
  expect(urls("ghcr.io")).toEqual(["https://ghcr.io"]);
  const both = (host: string) => [`https://${host}`, `http://${host}`];
  for (const host of ["localhost:5000", "127.0.0.9", "[::1]:80"]) expect(urls(host)).toEqual(both(host));
  expect(urls("10.1.2.3:5000")).toEqual(["https://10.1.2.3:5000"]);
  for (const allowed of ["10.1.2.3", "10.1.2.3:5000", "10.1.0.0/16"])
    expect(urls("10.1.2.3:5000", { insecureRegistries: [allowed] })).toEqual(both("10.1.2.3:5000"));
  expect(urls("10.2.2.3:5000", { insecureRegistries: ["10.1.0.0/16"] })).toEqual(["https://10.2.2.3:5000"]);
  expect(urls("127.0.0.1:5000", { registries: { "127.0.0.1:5000": { insecure: false } } })).toEqual([
    "https://127.0.0.1:5000",
  ]);
});

test("mirrors go first, for pulls only; a path of theirs goes before the repository", () => {
  const given = {
    registries: {
      "ghcr.io": { mirrors: ["http://one/", "https://two:81/cache/ghcr.io"] },
      "docker.io": { mirrors: ["three"] },
    },
    hubMirrors: ["https://four"],
  };
  expect(urls("ghcr.io", given)).toEqual(["http://one", "https://two:81", "https://ghcr.io"]);
  expect(urls("ghcr.io", given, "push")).toEqual(["https://ghcr.io"]);
  expect(urls("docker.io", given)).toEqual(["https://three", "https://four", "https://registry-1.docker.io"]);
  expect(endpoints("ghcr.io", config(given), "pull").map(({ prefix }) => prefix)).toEqual(["", "cache/ghcr.io/", ""]);
});

test("each scheme has its proxy, and some hosts none", () => {
  const proxies = { http: "http://p:1", https: "http://p:2", no: "example.com, .internal,10.0.0.0/8,bare:5000" };
  const proxyOf = (domain: string) =>
    endpoints(domain, config({ proxies, insecureRegistries: ["plain.test"] }), "pull").map(({ proxy }) => proxy);
  expect(proxyOf("ghcr.io")).toEqual(["http://p:2"]);
  expect(proxyOf("plain.test")).toEqual(["http://p:2", "http://p:1"]);
  for (const host of [
    "example.com",
    "a.example.com:5000",
    "x.internal",
    "10.9.8.7:5000",
    "bare:5000",
    "127.0.0.1:5000",
    "localhost",
  ])
    expect(proxyOf(host).every((proxy) => proxy === undefined)).toBe(true);
});

describe("certs.d", () => {
  const within = (files: Record<string, string>) => {
    const dir = mkdtempSync(join(tmpdir(), "berth-certs-"));
    try {
      mkdirSync(join(dir, "r.test:5000"));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, "r.test:5000", name), text);
      return endpoints("r.test:5000", config({ certsDirs: [join(dir, "none"), dir] }), "pull")[0]?.tls;
    } finally {
      rmSync(dir, { recursive: true });
    }
  };
  test("authorities and a client's certificate", () => {
    expect(within({ "a.crt": "A", "b.crt": "B", "client.cert": "C", "client.key": "K", README: "" })).toEqual({
      ca: ["A", "B"],
      cert: "C",
      key: "K",
    });
  });
  test("half of a pair is told", () => {
    expect(() => within({ "client.cert": "C" })).toThrow(
      "missing key client.key for client certificate client.cert. Note that CA certificates should use the " +
        "extension .crt",
    );
    expect(() => within({ "client.key": "K" })).toThrow("missing client certificate client.cert for key client.key");
  });
});
