import { expect, test } from "bun:test";
import { orderOf, validateHealthAction } from "./on-failure.ts";

test("an order that lasts counts as somebody's wish, a restart does not", () => {
  expect(orderOf({})).toEqual({});
  expect(orderOf({ HealthOnFailure: "none" })).toEqual({});
  expect(orderOf({ HealthOnFailure: "restart" })).toEqual({ ordered: "restart" });
  expect(orderOf({ HealthOnFailure: "stop" })).toEqual({ ordered: "stop", manuallyStopped: true });
  expect(orderOf({ HealthOnFailure: "kill" })).toEqual({ ordered: "kill", manuallyStopped: true });
});

test("an order needs a check", () => {
  const text = "invalid health on-failure action: 'kill' needs a health check, and the container has none";
  expect(() => validateHealthAction({}, "kill")).toThrow(text);
  expect(() => validateHealthAction({ Healthcheck: { Test: ["NONE"] } }, "kill")).toThrow(text);
  expect(() => validateHealthAction({ Healthcheck: { Interval: 5 } }, "kill")).toThrow(text);
  for (const action of ["none", null, undefined] as const) validateHealthAction({}, action);
  validateHealthAction({ Healthcheck: { Test: ["CMD", "true"] } }, "kill");
});
