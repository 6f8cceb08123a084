import { describe, expect, test } from "bun:test";
import { execCreateRequest } from "../../api/schema/container.ts";
import { createRequest } from "./container.ts";

describe("create request", () => {
  test("takes what clients send, in any case, without what it does not know", () => {
    expect(
      createRequest(
        {
          image: "busybox",
          Cmd: "sh",
          Env: null,
          Nonsense: 1,
          ExposedPorts: { "80/tcp": {} },
          HostConfig: { Memory: 5, PortBindings: { "80/tcp": null }, Mounts: [{ Type: "bind" }] },
          NetworkingConfig: { EndpointsConfig: { mine: null } },
        },
        "CreateRequest",
      ),
    ).toEqual({
      Image: "busybox",
      Cmd: ["sh"],
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { Memory: 5, PortBindings: { "80/tcp": [] }, Mounts: [{ Type: "bind" }] },
      NetworkingConfig: { EndpointsConfig: { mine: {} } },
    });
  });
  test.each<[unknown, string]>([
    [{ Image: 5 }, "CreateRequest.Image of type string"],
    [
      { HostConfig: { Memory: "5" } },
      "cannot unmarshal string into Go struct field CreateRequest.HostConfig.Memory of type int64",
    ],
    [{ HostConfig: { Memory: 1.5 } }, "cannot unmarshal number 1.5"],
    [{ Env: "a" }, "CreateRequest.Env"],
    [{ Env: [1] }, "CreateRequest.Env"],
    [[], "CreateRequest of type struct"],
    [{ Tty: "yes" }, "CreateRequest.Tty of type bool"],
    [{ Labels: { a: 1 } }, "CreateRequest.Labels.a"],
    [{ Healthcheck: { Interval: "30s" } }, "Healthcheck.Interval"],
  ])("%p is refused with its field", (value, message) =>
    expect(() => createRequest(value, "CreateRequest")).toThrow(message),
  );
});

test("the exact name wins", () => expect(execCreateRequest({ tty: true, Tty: false }, "")).toEqual({ Tty: false }));
