/** An engine that always answers the same: what docker and berth are to show in the same words. */
import { type Answer, type Call, type StubEngine, stubEngine } from "../testing.ts";

const hex = (seed: number) =>
  Array.from({ length: 64 }, (_, i) => ((seed * 7919 + i * 104729 + i * i * seed) % 16).toString(16)).join("");
const id = (seed: number) => `sha256:${hex(seed)}`;
const hours = 3600;
const days = 24 * hours;

const image = (seed: number, age: number, now: number, more: object) => ({
  Id: id(seed),
  ParentId: "",
  RepoTags: [],
  RepoDigests: [],
  Created: now - age,
  Size: 4_261_502 * seed,
  SharedSize: -1,
  VirtualSize: 4_261_502 * seed,
  Labels: null,
  Containers: -1,
  ...more,
});

/** A platform of an image, as lists with manifests show it. */
const manifest = (seed: number, platform: object, more: object) => ({
  ID: id(seed),
  Descriptor: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: id(seed), size: 400 },
  Available: true,
  Size: { Content: 1_000_000 * seed, Total: 4_000_000 * seed },
  Kind: "image",
  ImageData: { Platform: platform, Containers: [], Size: { Unpacked: 3_000_000 * seed } },
  ...more,
});

const manifests = [
  manifest(
    61,
    { os: "linux", architecture: "amd64" },
    { ImageData: { Platform: { os: "linux", architecture: "amd64" }, Containers: [hex(11)], Size: { Unpacked: 3 } } },
  ),
  manifest(62, { os: "linux", architecture: "arm", variant: "v7" }, { Available: false }),
  {
    ID: id(63),
    Descriptor: { digest: id(63), size: 1 },
    Available: true,
    Size: { Content: 5, Total: 5 },
    Kind: "attestation",
    AttestationData: { For: id(61) },
  },
];

const images = (now: number) => [
  image(1, 3 * hours, now, {
    RepoTags: ["busybox:latest", "busybox:1.36"],
    RepoDigests: [`busybox@${id(100)}`],
    Containers: 2,
    SharedSize: 0,
    Manifests: manifests,
  }),
  image(2, 20 * days, now, {
    RepoTags: ["localhost:5000/team/app:v2"],
    RepoDigests: [`localhost:5000/team/app@${id(101)}`],
    Labels: { a: "b<c" },
    Containers: 0,
    SharedSize: 1_000_000,
  }),
  image(3, 70, now, { RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] }),
  image(4, 400 * days, now, {
    RepoDigests: [`quay.io/some/very/long/repository/name@${id(102)}`],
    Size: 1_234_567_890,
  }),
  image(5, 3 * 365 * days, now, { RepoTags: [], RepoDigests: [] }),
];

const containers = (now: number) => [
  {
    Id: hex(11),
    Names: ["/web"],
    Image: "busybox:latest",
    ImageID: id(1),
    Command: "httpd -f -p 80 and more words than fit",
    Created: now - 5 * 60,
    Ports: [
      { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { IP: "0.0.0.0", PrivatePort: 7000, PublicPort: 7000, Type: "udp" },
      { IP: "0.0.0.0", PrivatePort: 7001, PublicPort: 7001, Type: "udp" },
      { PrivatePort: 9000, Type: "tcp" },
    ],
    SizeRw: 2_345,
    SizeRootFs: 4_263_847,
    Labels: { "com.example.z": "1", "com.example.a": "x,y" },
    State: "running",
    Status: "Up 5 minutes (healthy)",
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Networks: { bridge: { NetworkID: hex(21), IPAddress: "172.17.0.2" } } },
    Mounts: [
      {
        Type: "volume",
        Name: "data",
        Source: "/var/lib/x",
        Destination: "/data",
        Driver: "local",
        Mode: "z",
        RW: true,
        Propagation: "",
      },
      {
        Type: "bind",
        Source: "/a/very/long/path/of/a/bind/mount",
        Destination: "/b",
        Mode: "",
        RW: true,
        Propagation: "rprivate",
      },
    ],
  },
  {
    Id: hex(12),
    Names: ["/other/link", "/job"],
    Image: `busybox@${id(100)}`,
    ImageID: id(1),
    Command: "true",
    Created: now - 2 * days,
    Ports: [],
    SizeRw: 0,
    SizeRootFs: 4_261_502,
    Labels: {},
    State: "exited",
    Status: "Exited (0) 2 days ago",
    HostConfig: { NetworkMode: "none" },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  },
];

const volumes = [
  {
    CreatedAt: "2024-01-02T03:04:05Z",
    Driver: "local",
    Labels: { a: "1", b: "2" },
    Mountpoint: "/v/data10/_data",
    Name: "data10",
    Options: null,
    Scope: "local",
    UsageData: { RefCount: 1, Size: 123_456_789 },
  },
  {
    CreatedAt: "2024-01-02T03:04:05Z",
    Driver: "local",
    Labels: null,
    Mountpoint: "/v/data9/_data",
    Name: "data9",
    Options: { type: "tmpfs" },
    Scope: "local",
    UsageData: { Size: -1, RefCount: 0 },
  },
];

const networks = [
  {
    Name: "bridge",
    Id: hex(21),
    Created: "2024-01-02T03:04:05.123456789Z",
    Scope: "local",
    Driver: "bridge",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {
      [hex(11)]: {
        Name: "web",
        EndpointID: hex(31),
        MacAddress: "02:42:ac:11:00:02",
        IPv4Address: "172.17.0.2/16",
        IPv6Address: "",
      },
    },
    Options: { "com.docker.network.bridge.name": "docker0" },
    Labels: {},
  },
  {
    Name: "net10",
    Id: hex(22),
    Created: "2024-01-02T03:04:05Z",
    Scope: "local",
    Driver: "bridge",
    EnableIPv4: true,
    EnableIPv6: true,
    IPAM: { Driver: "default", Options: {}, Config: [] },
    Internal: true,
    Attachable: true,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: { one: "1" },
  },
  {
    Name: "net9",
    Id: hex(23),
    Created: "2024-01-02T03:04:05+02:00",
    Scope: "global",
    Driver: "overlay",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: {}, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: true,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {},
  },
];

const inspectedImage = {
  Id: id(1),
  RepoTags: ["busybox:latest"],
  RepoDigests: [],
  Parent: "",
  Comment: "",
  Created: "2024-01-02T03:04:05.5Z",
  DockerVersion: "",
  Author: "someone",
  Config: {
    Hostname: "",
    Env: ["PATH=/bin", "A=b=c"],
    Cmd: ["sh", "-c", 'echo <hi> & "you"'],
    ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
    Image: "",
    Volumes: null,
    WorkingDir: "/w",
    Entrypoint: null,
    OnBuild: null,
    Labels: { z: "1", a: "2" },
    Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000_000 },
  },
  Architecture: "amd64",
  Os: "linux",
  Size: 4_261_502,
  GraphDriver: { Data: { MergedDir: "/m" }, Name: "overlay2" },
  RootFS: { Type: "layers", Layers: [id(50), id(51)] },
  Metadata: { LastTagTime: "2024-01-02T03:04:05.123456789+01:00" },
};

const history = (now: number) => [
  {
    Id: id(1),
    Created: now - 3 * hours,
    CreatedBy: 'CMD ["sh"]',
    Tags: ["busybox:latest"],
    Size: 0,
    Comment: "buildkit.dockerfile.v0",
  },
  {
    Id: "<missing>",
    Created: now - 90 * days,
    CreatedBy: "/bin/sh -c #(nop) ADD file:0123456789abcdef0123456789abcdef in /\tand more",
    Tags: null,
    Size: 4_261_502,
    Comment: "",
  },
  { Id: "<missing>", Created: 0, CreatedBy: "", Tags: null, Size: 12, Comment: "é" },
];

const info = {
  ID: "ABCD",
  Containers: 3,
  ContainersRunning: 1,
  ContainersPaused: 1,
  ContainersStopped: 1,
  Images: 5,
  Driver: "overlay2",
  DriverStatus: [
    ["Backing Filesystem", "extfs"],
    ["Native Overlay Diff", "true"],
  ],
  Plugins: { Volume: ["local"], Network: ["bridge", "host"], Authorization: null, Log: ["local", "json-file"] },
  MemoryLimit: true,
  SwapLimit: false,
  CpuCfsPeriod: true,
  CpuCfsQuota: true,
  CPUShares: true,
  CPUSet: true,
  PidsLimit: true,
  IPv4Forwarding: true,
  Debug: true,
  NFd: 25,
  OomKillDisable: true,
  NGoroutines: 36,
  SystemTime: "2024-01-02T03:04:05.123456789Z",
  LoggingDriver: "json-file",
  CgroupDriver: "systemd",
  CgroupVersion: "2",
  NEventsListener: 2,
  KernelVersion: "6.1.0",
  OperatingSystem: "Debian GNU/Linux 12",
  OSVersion: "12",
  OSType: "linux",
  Architecture: "x86_64",
  IndexServerAddress: "https://index.docker.io/v1/",
  RegistryConfig: {
    InsecureRegistryCIDRs: ["127.0.0.0/8"],
    IndexConfigs: { "docker.io": { Name: "docker.io", Mirrors: [], Secure: true, Official: true } },
    Mirrors: ["https://mirror.example/"],
  },
  NCPU: 2,
  MemTotal: 25_281_654_784,
  GenericResources: null,
  DockerRootDir: "/var/lib/docker",
  HttpProxy: "http://proxy:3128",
  HttpsProxy: "",
  NoProxy: "localhost",
  Name: "host",
  Labels: ["a=b"],
  ExperimentalBuild: false,
  ServerVersion: "28.2.2",
  Runtimes: { runc: { path: "runc" } },
  DefaultRuntime: "runc",
  Swarm: {
    NodeID: "",
    NodeAddr: "",
    LocalNodeState: "inactive",
    ControlAvailable: false,
    Error: "",
    RemoteManagers: null,
  },
  LiveRestoreEnabled: true,
  Isolation: "",
  InitBinary: "docker-init",
  ContainerdCommit: { ID: "c1" },
  RuncCommit: { ID: "r1" },
  InitCommit: { ID: "i1" },
  SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
  DefaultAddressPools: [{ Base: "10.0.0.0/8", Size: 24 }],
  CDISpecDirs: ["/etc/cdi"],
  Warnings: ["WARNING: No swap limit support"],
};

const version = {
  Platform: { Name: "Docker Engine - Community" },
  Components: [
    {
      Name: "Engine",
      Version: "28.2.2",
      Details: {
        ApiVersion: "1.50",
        Arch: "amd64",
        BuildTime: "2025-05-30T12:07:27.000000000+00:00",
        Experimental: "false",
        GitCommit: "45873be",
        GoVersion: "go1.24.3",
        KernelVersion: "6.1.0",
        MinAPIVersion: "1.24",
        Os: "linux",
      },
    },
    { Name: "containerd", Version: "1.7.27", Details: { GitCommit: "05044ec" } },
    { Name: "docker-init", Version: "0.19.0", Details: { GitCommit: "de40ad0" } },
  ],
  Version: "28.2.2",
  ApiVersion: "1.50",
  MinAPIVersion: "1.24",
  GitCommit: "45873be",
  GoVersion: "go1.24.3",
  Os: "linux",
  Arch: "amd64",
  KernelVersion: "6.1.0",
  BuildTime: "2025-05-30T12:07:27.000000000+00:00",
};

const cache = (now: number) => [
  {
    ID: "abcdefghijklmnopqrstuvwxy",
    Parents: ["parent1"],
    Type: "regular",
    Description: "[1/2] FROM busybox",
    InUse: true,
    Shared: false,
    Size: 5_000_000,
    CreatedAt: ago(now, 2 * days),
    LastUsedAt: ago(now, 3 * hours),
    UsageCount: 3,
  },
  {
    ID: "zyx",
    Type: "source.local",
    Description: "local source",
    InUse: false,
    Shared: true,
    Size: 700,
    CreatedAt: ago(now, 9 * days),
    LastUsedAt: null,
    UsageCount: 0,
  },
];
const ago = (now: number, seconds: number) => new Date((now - seconds) * 1000).toISOString();

/** Exact nanoseconds: more than a JSON number holds in JavaScript, so this is text. */
const events = `${[
  `{"status":"start","id":"${hex(11)}","from":"busybox","Type":"container","Action":"start",` +
    `"Actor":{"ID":"${hex(11)}","Attributes":{"image":"busybox","name":"web"}},"scope":"local","time":1704164645,` +
    `"timeNano":1704164645123456789}`,
  `{"Type":"network","Action":"connect","Actor":{"ID":"${hex(21)}","Attributes":{}},"scope":"local",` +
    `"time":1704164646,"timeNano":1704164646000000001}`,
].join("\n")}\n`;

const json = (value: unknown): Answer =>
  new Response(typeof value === "string" ? value : JSON.stringify(value), {
    headers: { "Content-Type": "application/json" },
  });
const fail = (status: number, message: string): Answer =>
  new Response(JSON.stringify({ message }), { status, headers: { "Content-Type": "application/json" } });
const lines = (...values: object[]): Answer => json(values.map((value) => `${JSON.stringify(value)}\r\n`).join(""));

/** The engine, its ages counted from now. */
export function sameEngine(): StubEngine {
  const now = Math.floor(Date.now() / 1000);
  const used = {
    LayersSize: 987_654_321,
    Images: images(now),
    Containers: containers(now),
    Volumes: volumes,
    BuildCache: cache(now),
  };
  const named = (list: readonly { Name: string }[], { path }: Call, what: string) => {
    const name = decodeURIComponent(path.split("/")[2] ?? "");
    const found = list.find(({ Name }) => Name === name);
    return found
      ? json(found)
      : fail(404, what === "volume" ? `get ${name}: no such volume` : `network ${name} not found`);
  };
  return stubEngine(
    {
      "GET /images/json": () => json(images(now)),
      "GET /images/busybox/json": () => json(inspectedImage),
      "GET /images/busybox/history": () => json(history(now)),
      "GET /images/search": () =>
        json([
          {
            name: "busybox",
            description: "A very small image with a very long description\nover lines",
            star_count: 3000,
            is_official: true,
            is_automated: false,
          },
          { name: "me/x", description: "", star_count: 0, is_official: false, is_automated: false },
        ]),
      "POST /images/busybox/tag": () => new Response(null, { status: 201 }),
      "POST /images/prune": () =>
        json({ ImagesDeleted: [{ Untagged: "x:1" }, { Deleted: id(9) }], SpaceReclaimed: 1_234_567 }),
      "POST /images/create": () =>
        lines(
          { status: "Pulling from library/busybox", id: "latest" },
          { status: "Pulling fs layer", progressDetail: {}, id: "abc" },
          { status: "Downloading", progressDetail: { current: 5, total: 10 }, progress: "[>]", id: "abc" },
          { status: "Pull complete", progressDetail: {}, id: "abc" },
          { status: `Digest: ${id(100)}` },
          { status: "Status: Downloaded newer image for busybox:latest" },
        ),
      "POST /images/*": () =>
        lines(
          { status: "The push refers to repository [docker.io/library/busybox]" },
          {
            errorDetail: { message: "denied: requested access to the resource is denied" },
            error: "denied: requested access to the resource is denied",
          },
        ),
      "POST /images/load": () => lines({ stream: "Loaded image: busybox:latest\n" }),
      "DELETE /images/busybox": () => json([{ Untagged: "busybox:latest" }, { Deleted: id(1) }]),
      "DELETE /images/*": ({ path }) => fail(404, `No such image: ${path.slice(8)}:latest`),
      "GET /images/*": ({ path }) => fail(404, `No such image: ${path.split("/")[2]}`),
      "GET /containers/json": () => json(containers(now)),
      "GET /volumes": () => json({ Volumes: volumes, Warnings: null }),
      "POST /volumes/create": () =>
        json({ Name: "made", Driver: "local", Mountpoint: "/x", Labels: {}, Scope: "local", Options: {} }),
      "POST /volumes/prune": () => json({ VolumesDeleted: ["a", "b"], SpaceReclaimed: 5_000 }),
      "GET /volumes/*": (call) => named(volumes, call, "volume"),
      "DELETE /volumes/data9": () => new Response(null, { status: 204 }),
      "DELETE /volumes/*": ({ path }) => fail(409, `remove ${path.slice(9)}: volume is in use - [x]`),
      "GET /networks": () => json(networks),
      "POST /networks/create": () => json({ Id: hex(24), Warning: "" }),
      "POST /networks/prune": () => json({ NetworksDeleted: null }),
      "GET /networks/*": (call) => named(networks, call, "network"),
      "DELETE /networks/net9": () => new Response(null, { status: 204 }),
      "DELETE /networks/*": ({ path }) => fail(404, `network ${path.slice(10)} not found`),
      "GET /system/df": () => json(used),
      "GET /info": () => json(info),
      "GET /version": () => json(version),
      "GET /events": () => json(events),
      "POST /build/prune": () => json({ CachesDeleted: ["abc"], SpaceReclaimed: 12 }),
      "POST /containers/prune": () => json({ ContainersDeleted: null, SpaceReclaimed: 0 }),
      "GET /plugins": () =>
        json([
          {
            Id: hex(40),
            Name: "vieux/sshfs:latest",
            Enabled: true,
            PluginReference: "docker.io/vieux/sshfs:latest",
            Settings: {},
            Config: { Description: "sshFS plugin\nfor Docker with a rather long description to cut" },
          },
        ]),
    },
    "1.50",
  );
}
