import { describe, expect, test } from "bun:test";
import type { Ingress, IngressBackend } from "../overlay/desired.ts";
import { chosenBackends, ingressMessages, ingressText } from "./ingress.ts";

const backend = (address: string, over: Partial<IngressBackend> = {}): IngressBackend => ({
  address,
  port: 80,
  ready: true,
  local: false,
  ...over,
});
const ingress = (...backends: IngressBackend[]): Ingress => ({
  own: ["10.0.0.2"],
  ports: [{ protocol: "tcp", port: 8080, backends }],
});
const chosen = (...backends: IngressBackend[]) =>
  chosenBackends({ protocol: "tcp", port: 8080, backends }, [], 4).map(({ address }) => address);

describe("ports of the cluster's services", () => {
  test("lead to tasks of this machine, else to others that are ready", () => {
    const [near, far] = [backend("10.0.0.3", { local: true }), backend("10.0.0.4")];
    expect(chosen(near, far)).toEqual(["10.0.0.3"]);
    expect(chosen({ ...near, ready: false }, far)).toEqual(["10.0.0.4"]);
    expect(chosen({ ...near, ready: false }, { ...far, ready: false })).toEqual([]);
    expect(chosen(backend("fd00::3", { local: true }), far)).toEqual(["10.0.0.4"]);
  });

  test("of more than there are slots, each machine takes others", () => {
    const many = Array.from({ length: 100 }, (_, at) => backend(`10.0.1.${at}`));
    const of = (own: string) =>
      chosenBackends({ protocol: "tcp", port: 1, backends: many }, [own], 4).map(({ address }) => address);
    expect(of("10.0.0.2")).toHaveLength(64);
    expect(of("10.0.0.2")).not.toEqual(of("10.0.0.3"));
  });

  test("are elements: slots in turn, the relay for IPv6, others' addresses with this machine's", () => {
    const text = ingressText("inet t", ingress(backend("10.0.0.4"), backend("10.0.0.5")));
    expect(text).toContain("add element inet t ingress_tcp4 { 8080 . ");
    expect(text.match(/10\.0\.0\.4 \. 80/g)).toHaveLength(32);
    expect(text).toContain("add element inet t relay { tcp . 8080 }");
    expect(text.split("\n").find((line) => line.includes("remote4"))).toContain("10.0.0.5 : 10.0.0.2");
    expect(ingressText("inet t", ingress(backend("10.0.0.4", { local: true })))).not.toContain("remote4");
    expect(ingressText("inet t", null)).toBe("");
  });

  test("only what differs is changed", () => {
    const one = ingress(backend("10.0.0.4"));
    expect(ingressMessages("t", one, structuredClone(one))).toEqual([]);
    // Begin; slots and the other's address, first taken out, then put in; end.
    const types = ingressMessages("t", one, ingress(backend("10.0.0.5"))).map(({ type }) => type & 255);
    expect(types).toEqual([16, 14, 14, 12, 12, 17]);
  });
});
