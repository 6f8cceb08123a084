import { expect, test } from "bun:test";
import { validateRequest } from "./validate-request.ts";

test("what is fine", () => {
  validateRequest(
    {
      WorkingDir: "/a",
      ExposedPorts: { "80": {}, "81/UDP": {} },
      StopSignal: "SIGINT",
      Env: ["A", "B=", "C=d=e"],
      Healthcheck: { Interval: 0, Timeout: 1e9, Retries: 3 },
    },
    {
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
      ExtraHosts: ["a:1.2.3.4", "b:::1", "c=host-gateway", "d:[::1]"],
      PortBindings: {
        "80/tcp": [{ HostPort: "" }, { HostPort: "8000-8010" }],
        "53/udp": [],
        "81": [{ HostIp: "[::1]", HostPort: "1" }],
      },
    },
  );
});

test.each([
  [{ WorkingDir: "a" }, {}, "the working directory 'a' is invalid, it needs to be an absolute path"],
  [{ StopSignal: "x" }, {}, "invalid signal: x"],
  [{ Env: ["=a"] }, {}, "invalid environment variable: =a"],
  [{ Healthcheck: { Interval: 5 } }, {}, "Interval in Healthcheck cannot be less than 1ms"],
  [{ Healthcheck: { Retries: -1 } }, {}, "Retries in Healthcheck cannot be negative"],
  [
    {},
    { AutoRemove: true, RestartPolicy: { Name: "always" } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [
    {},
    { RestartPolicy: { Name: "always", MaximumRetryCount: 2 } },
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ],
  [
    {},
    { RestartPolicy: { Name: "on-failure", MaximumRetryCount: -2 } },
    "invalid restart policy: maximum retry count cannot be negative",
  ],
  [
    {},
    { RestartPolicy: { Name: "what" } },
    "invalid restart policy: unknown policy 'what'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [{}, { ExtraHosts: ["a"] }, 'bad format for add-host: "a"'],
  [{}, { ExtraHosts: ["a:b"] }, 'invalid IP address in add-host: "b"'],
  [{}, { PortBindings: { "0/tcp": [] } }, 'invalid port specification: "0/tcp"'],
  [{}, { PortBindings: { "80/tcp": [{ HostPort: "9-8" }] } }, 'invalid port specification: "9-8"'],
  [{}, { PortBindings: { "80/tcp": [{ HostIp: "host", HostPort: "1" }] } }, "invalid IP address: host"],
  [{ ExposedPorts: { http: {} } }, {}, "invalid port 'http'"],
  [{ ExposedPorts: { "80/icmp": {} } }, {}, "invalid port '80/icmp'"],
  [{ ExposedPorts: { "70000": {} } }, {}, "invalid port '70000'"],
  [{ ExposedPorts: { "9-8/tcp": {} } }, {}, "invalid port '9-8/tcp'"],
  [{ ExposedPorts: { "9-70000": {} } }, {}, "invalid port '9-70000'"],
  [{}, { Annotations: { "": "x" } }, "invalid Annotations: the empty string is not permitted as an annotation key"],
])("%p %p", (config, host, message) => {
  expect(() => validateRequest(config, host)).toThrow(message);
});
