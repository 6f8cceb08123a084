import { expect, test } from "bun:test";
import { linkEnvironment } from "./link-environment.ts";

const of = (exposedPorts: string[], env: string[] = [], name = "/app/db") =>
  linkEnvironment({ name, address: "172.17.0.2", env, exposedPorts });
const port = (number: number | string, protocol = "tcp") => {
  const prefix = `DB_PORT_${number}_${protocol.toUpperCase()}`;
  return [
    `${prefix}=${protocol}://172.17.0.2:${number}`,
    `${prefix}_ADDR=172.17.0.2`,
    `${prefix}_PORT=${number}`,
    `${prefix}_PROTO=${protocol}`,
  ];
};
const range = (from: number, to: number, protocol = "tcp") => {
  const prefix = `DB_PORT_${from}_${protocol.toUpperCase()}`;
  return [
    `${prefix}_START=${protocol}://172.17.0.2:${from}`,
    `${prefix}_PORT_START=${from}`,
    `${prefix}_END=${protocol}://172.17.0.2:${to}`,
    `${prefix}_PORT_END=${to}`,
  ];
};

test("without ports there is the name", () => {
  expect(of([])).toEqual(["DB_NAME=/app/db"]);
});

test("the alias in capitals, dashes as underscores, and nothing else of it changed", () => {
  expect(of([], ["A=1"], "/app/x/My-db.2_z")).toEqual(["MY_DB.2_Z_NAME=/app/x/My-db.2_z", "MY_DB.2_Z_ENV_A=1"]);
});

test("a port without protocol is tcp's; the lowest of tcp is the container's port", () => {
  expect(of(["443/tcp", "80"])).toEqual(["DB_PORT=tcp://172.17.0.2:80", ...port(80), ...port(443), "DB_NAME=/app/db"]);
});

test("tcp, sctp, udp", () => {
  expect(of(["80/udp", "80/tcp", "80/sctp", "79/udp", "7/sctp"])).toEqual([
    "DB_PORT=tcp://172.17.0.2:80",
    ...port(80),
    ...port(7, "sctp"),
    ...port(80, "sctp"),
    ...port(79, "udp"),
    ...port(80, "udp"),
    ...range(79, 80, "udp"),
    "DB_NAME=/app/db",
  ]);
  expect(of(["53/udp"])[0]).toBe("DB_PORT=udp://172.17.0.2:53");
});

test("a run of neighbours is summed up behind the port that ends it", () => {
  expect(of(["80/tcp", "81/tcp", "83/tcp", "84/tcp", "90/tcp"])).toEqual([
    "DB_PORT=tcp://172.17.0.2:80",
    ...port(80),
    ...port(81),
    ...port(83),
    ...range(80, 81),
    ...port(84),
    ...port(90),
    ...range(83, 84),
    "DB_NAME=/app/db",
  ]);
  expect(of(["80/tcp", "81/tcp", "82/tcp"])).toEqual([
    "DB_PORT=tcp://172.17.0.2:80",
    ...port(80),
    ...port(81),
    ...port(82),
    ...range(80, 82),
    "DB_NAME=/app/db",
  ]);
});

test("neighbours are of one protocol, and in the order of numbers", () => {
  expect(of(["80/tcp", "81/udp", "82/tcp"])).toEqual([
    "DB_PORT=tcp://172.17.0.2:80",
    ...port(80),
    ...port(82),
    ...port(81, "udp"),
    "DB_NAME=/app/db",
  ]);
  expect(of(["10/tcp", "9/tcp"])).toEqual([
    "DB_PORT=tcp://172.17.0.2:9",
    ...port(9),
    ...port(10),
    ...range(9, 10),
    "DB_NAME=/app/db",
  ]);
});

test("a range stays as it is written", () => {
  expect(of(["8000-8003/tcp"])).toEqual([
    "DB_PORT=tcp://172.17.0.2:8000-8003",
    ...port("8000-8003"),
    "DB_NAME=/app/db",
  ]);
});

test("the other one's variables, but for those that every container has", () => {
  expect(of([], ["PATH=/bin", "A=1", "HOME=/h", "EMPTY=", "EQ=a=b", "NONE", "PATHS=x"])).toEqual([
    "DB_NAME=/app/db",
    "DB_ENV_A=1",
    "DB_ENV_EMPTY=",
    "DB_ENV_EQ=a=b",
    "DB_ENV_PATHS=x",
  ]);
});
