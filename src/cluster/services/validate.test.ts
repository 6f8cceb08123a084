import { expect, test } from "bun:test";
import type { ServiceSpec } from "../../api/types/swarm.ts";
import { validateService } from "./validate.ts";

const service = (more: ServiceSpec = {}, container: object = {}, task: object = {}): ServiceSpec => ({
  Name: "web",
  TaskTemplate: { ContainerSpec: { Image: "busybox", ...container }, ...task },
  ...more,
});

test("what is right passes", () => {
  validateService(service());
  validateService(
    service(
      { Mode: { Replicated: { Replicas: 3 } }, EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080 }] } },
      { Env: ["A={{.Node.Hostname}}-{{.Task.Slot}}"], Mounts: [{ Type: "bind", Source: "/a", Target: "/b" }] },
      { Placement: { Constraints: ["node.labels.disk == ssd", "node.role!=manager"] } },
    ),
  );
});

test.each<[string, ServiceSpec]>([
  ["name must be valid as a DNS name component", service({ Name: "a.b" })],
  ["name must be 63 characters or fewer", service({ Name: "a".repeat(64) })],
  ["mismatched Runtime and *Spec fields", { Name: "a" }],
  ["unsupported runtime", service({}, {}, { Runtime: "foo" })],
  ["ContainerSpec: image reference must be provided", service({}, { Image: "" })],
  ['ContainerSpec: "UPPER//x" is not a valid repository/tag', service({}, { Image: "UPPER//x" })],
  ["must specify only one service mode", service({ Mode: { Global: {}, Replicated: { Replicas: 1 } } })],
  ["Jobs may not have an update config", service({ Mode: { GlobalJob: {} }, UpdateConfig: {} })],
  ["invalid cpu value 1e-07: Must be at least 0.001", service({}, {}, { Resources: { Limits: { NanoCPUs: 100 } } })],
  [
    "invalid memory value 1000: Must be at least 4MiB",
    service({}, {}, { Resources: { Reservations: { MemoryBytes: 1000 } } }),
  ],
  ["TaskSpec: restart-delay cannot be negative", service({}, {}, { RestartPolicy: { Delay: -1 } })],
  [
    "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1",
    service({ UpdateConfig: { MaxFailureRatio: 2 } }),
  ],
  ["constraint expected one operator from ==, !=", service({}, {}, { Placement: { Constraints: ["node.role"] } })],
  ["key 'node.foo' is invalid", service({}, {}, { Placement: { Constraints: ["node.foo==1"] } })],
  ['invalid MountType: "foo"', service({}, { Mounts: [{ Type: "foo", Target: "/y" }] })],
  [
    "ContainerSpec: duplicate mount point: /y",
    service(
      {},
      {
        Mounts: [
          { Type: "tmpfs", Target: "/y" },
          { Type: "tmpfs", Target: "/y" },
        ],
      },
    ),
  ],
  ["invalid mount target, must be an absolute path: ", service({}, { Mounts: [{ Type: "tmpfs" }] })],
  ["malformed secret reference, no target provided", service({}, { Secrets: [{ SecretID: "x", SecretName: "s" }] })],
  [
    "secret references 's1' and 's1' have a conflicting target: 's'",
    service(
      {},
      {
        Secrets: [
          { SecretName: "s1", File: { Name: "s" } },
          { SecretName: "s1", File: { Name: "s" } },
        ],
      },
    ),
  ],
  [
    'expanding env failed: expanding env "A={{.Nope}}": template: expansion:1:2: executing "expansion" at <.Nope>: ' +
      "can't evaluate field Nope in type *template.Context",
    service({}, { Env: ["A={{.Nope}}"] }),
  ],
  [
    "EndpointSpec: port published with ingress mode can't be used with dnsrr mode",
    service({ EndpointSpec: { Mode: "dnsrr", Ports: [{ TargetPort: 80, PublishMode: "ingress" }] } }),
  ],
  [
    "EndpointSpec: duplicate published ports provided",
    service({
      EndpointSpec: {
        Ports: [
          { TargetPort: 80, PublishedPort: 81 },
          { TargetPort: 8, PublishedPort: 81 },
        ],
      },
    }),
  ],
])("refuses: %s", (text, spec) => {
  expect(() => validateService(spec)).toThrow(text);
});
