/** An engine in a swarm that always answers the same: what Docker's client and ours are to send it alike. */
import type { Service } from "../../../../api/types/swarm.ts";
import { type Answer, type StubEngine, stubEngine } from "../../../testing.ts";

const digest = "sha256:60a1d5cbd4b3ed9b8a9bdd1f2f6c4a1d4b0a1f8e2d1b4b3ed9b8a9bdd1f2f6c4";

const headers = { "Content-Type": "application/json" };
const json = (value: unknown, status = 200): Answer => new Response(JSON.stringify(value), { status, headers });
const fail = (status: number, message: string): Answer => json({ message }, status);

const meta = { Version: { Index: 42 }, CreatedAt: "2026-01-02T03:04:05Z", UpdatedAt: "2026-01-02T03:04:06Z" };

/** A service with something of everything. */
const full: Service = {
  ID: "fullid",
  ...meta,
  Spec: {
    Name: "full",
    Labels: { one: "1", two: "2" },
    TaskTemplate: {
      ContainerSpec: {
        Image: `busybox:1.36@${digest}`,
        Labels: { inner: "x", other: "y" },
        Command: ["sh", "-c"],
        Args: ["sleep 1000"],
        Hostname: "h",
        Env: ["A=1", "B=2"],
        Dir: "/w",
        User: "1:2",
        Groups: ["g1", "g2"],
        TTY: true,
        Mounts: [
          { Type: "volume", Source: "data", Target: "/data" },
          { Type: "bind", Source: "/srv", Target: "/srv", ReadOnly: true },
        ],
        StopGracePeriod: 3_000_000_000,
        Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 1_000_000_000, Retries: 2 },
        Hosts: ["1.2.3.4 a b", "5.6.7.8 c"],
        DNSConfig: { Nameservers: ["8.8.8.8"], Search: ["example.com"], Options: ["ndots:1"] },
        Secrets: [
          { File: { Name: "s1", UID: "0", GID: "0", Mode: 292 }, SecretID: "s1id", SecretName: "s1" },
          { File: { Name: "s2", UID: "0", GID: "0", Mode: 292 }, SecretID: "s2id", SecretName: "s2" },
        ],
        Configs: [{ File: { Name: "/c1", UID: "0", GID: "0", Mode: 292 }, ConfigID: "c1id", ConfigName: "c1" }],
        Isolation: "default",
        Init: false,
        Sysctls: { "net.core.somaxconn": "1024", "kernel.shmmax": "1" },
        CapabilityAdd: ["CAP_NET_ADMIN", "CAP_SYS_TIME"],
        CapabilityDrop: ["CAP_CHOWN"],
        Ulimits: [
          { Name: "nofile", Hard: 200, Soft: 100 },
          { Name: "nproc", Hard: 5, Soft: 5 },
        ],
      },
      Resources: {
        Limits: { NanoCPUs: 500_000_000, MemoryBytes: 67_108_864, Pids: 10 },
        Reservations: {
          MemoryBytes: 33_554_432,
          GenericResources: [
            { DiscreteResourceSpec: { Kind: "SSD", Value: 2 } },
            { DiscreteResourceSpec: { Kind: "GPU", Value: 1 } },
          ],
        },
      },
      RestartPolicy: { Condition: "on-failure", Delay: 1_000_000_000, MaxAttempts: 3 },
      Placement: {
        Constraints: ["node.role==worker", "node.labels.a==b"],
        Preferences: [{ Spread: { SpreadDescriptor: "node.labels.rack" } }],
        MaxReplicas: 2,
        Platforms: [{ Architecture: "amd64", OS: "linux" }],
      },
      Networks: [
        { Target: "id-of-n1", Aliases: ["al"] },
        { Target: "id-of-n2", DriverOpts: { k: "v" } },
      ],
      LogDriver: { Name: "json-file", Options: { "max-size": "1m" } },
      ForceUpdate: 3,
      Runtime: "container",
    },
    Mode: { Replicated: { Replicas: 3 } },
    UpdateConfig: {
      Parallelism: 2,
      Delay: 1_000_000_000,
      FailureAction: "pause",
      Monitor: 5_000_000_000,
      MaxFailureRatio: 0.1,
      Order: "stop-first",
    },
    RollbackConfig: { Parallelism: 1, FailureAction: "pause", MaxFailureRatio: 0, Order: "stop-first" },
    EndpointSpec: {
      Mode: "vip",
      Ports: [
        { Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "ingress" },
        { Protocol: "udp", TargetPort: 53, PublishedPort: 5353, PublishMode: "host" },
      ],
    },
  },
};

/** One with nothing but an image. */
const bare: Service = {
  ID: "bareid",
  ...meta,
  Spec: {
    Name: "bare",
    Labels: {},
    TaskTemplate: { ContainerSpec: { Image: "busybox" }, ForceUpdate: 0, Runtime: "container" },
    Mode: { Global: {} },
  },
};

const job: Service = {
  ID: "jobid",
  ...meta,
  Spec: {
    Name: "job",
    Labels: {},
    TaskTemplate: { ContainerSpec: { Image: "busybox:latest" }, ForceUpdate: 0, Runtime: "container" },
    Mode: { ReplicatedJob: { MaxConcurrent: 2, TotalCompletions: 4 } },
  },
};

const services = [full, bare, job];

const known = (kind: "secret" | "config", names: readonly string[]) => (filters: string | undefined) => {
  const asked: { name?: Record<string, boolean> } = JSON.parse(filters ?? "{}");
  return json(
    names
      .filter((name) => asked.name === undefined || Object.hasOwn(asked.name, name))
      .map((Name) => ({
        ID: `${Name}id`,
        ...meta,
        Spec: { Name, Labels: {}, ...(kind === "config" && { Data: "eA==" }) },
      })),
  );
};
const secrets = known("secret", ["s1", "s2", "s3", "cred"]);
const configs = known("config", ["c1", "c2", "cred"]);

export function serviceEngine(): StubEngine {
  return stubEngine(
    {
      "POST /services/create": () => json({ ID: "newid", Warnings: ["be warned"] }, 201),
      "POST /services/*": () => json({ Warnings: null }),
      "GET /services/*": ({ path }) => {
        const name = path.slice("/services/".length);
        const found = services.find(({ ID, Spec }) => ID === name || Spec?.Name === name);
        return found ? json(found) : fail(404, `service ${name} not found`);
      },
      "DELETE /services/full": () => new Response(null),
      "DELETE /services/*": ({ path }) => fail(404, `service ${path.slice("/services/".length)} not found`),
      "GET /networks/*": ({ path }) => {
        const name = path.slice("/networks/".length).replace(/^id-of-/, "");
        return name.startsWith("n")
          ? json({ Id: `id-of-${name}`, Name: name, Scope: "swarm", Driver: "overlay" })
          : fail(404, `network ${name} not found`);
      },
      "GET /secrets": ({ query }) => secrets(query["filters"]),
      "GET /configs": ({ query }) => configs(query["filters"]),
      "GET /distribution/*": ({ path }) =>
        path.includes("nope")
          ? fail(500, "no such image")
          : json({
              Descriptor: { mediaType: "application/vnd.oci.image.index.v1+json", digest, size: 610 },
              Platforms: [
                { architecture: "amd64", os: "linux" },
                { architecture: "arm64", os: "linux", variant: "v8" },
              ],
            }),
      "GET /info": () => json({ Swarm: { NodeID: "n1", LocalNodeState: "active", ControlAvailable: true } }),
    },
    "1.51",
  );
}
