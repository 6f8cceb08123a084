import { expect, test } from "bun:test";
import { parseBytes, parseSwapBytes } from "../../lib/bytes.ts";
import { readGoDuration } from "../../lib/go-duration.ts";
import {
  bool,
  bytes,
  custom,
  duration,
  filter,
  int,
  list,
  map,
  optionalBool,
  string,
  stringSlice,
  uint,
} from "./kinds.ts";
import { parseInteger, parseNanoCpus, parseUnsigned } from "./number.ts";
import { parseFlags } from "./parse.ts";

const flags = {
  all: bool("", { short: "a" }),
  proxy: bool("", { default: true }),
  init: optionalBool(""),
  name: string("", { short: "n", default: "none" }),
  publish: list("", { short: "p" }),
  number: int("", { short: "c" }),
  network: string("", { aliases: ["net"] }),
  platform: stringSlice(""),
  sysctl: map(""),
  filter: filter(""),
  memory: bytes("", { short: "m" }),
  old: string("", { deprecated: "use --name instead" }),
  cpus: custom("decimal", "", parseNanoCpus),
  wait: duration(""),
  weight: uint("", { bits: 16 }),
};

const parse = (line: string, interspersed = true) =>
  parseFlags(flags, line === "" ? [] : line.split(" "), interspersed);

test("long forms", () => {
  expect(parse("--name=x --all --proxy=false --number -3").values).toMatchObject({
    name: "x",
    all: true,
    proxy: false,
    number: -3,
  });
  expect(parse("--name x --init=false").values).toMatchObject({ name: "x", init: false });
  expect(parse("").values).toMatchObject({ name: "none", proxy: true, init: null, publish: [], cpus: null });
  expect(parse("--net host").values["network"]).toBe("host");
  expect([...parse("--net host --all").changed]).toEqual(["network", "all"]);
});

test("short forms", () => {
  expect(parse("-ap80:80 -p 1 -p=2").values).toMatchObject({ all: true, publish: ["80:80", "1", "2"] });
  expect(parse("-c=0x10").values["number"]).toBe(16);
  expect(parse("-a=false").values["all"]).toBe(false);
  expect(parse("-an x").values).toMatchObject({ all: true, name: "x" });
});

test("repeated flags collect, others take the last", () => {
  expect(parse("--platform a,b --platform c").values["platform"]).toEqual(["a", "b", "c"]);
  expect(parse("--sysctl a=1 --sysctl b --sysctl a=2").values["sysctl"]).toEqual({ a: "2", b: "" });
  expect(parse("--filter Label=a=b --filter label=a=b --filter label=c").values["filter"]).toEqual({
    label: ["a=b", "c"],
  });
  expect(parse("-n a -n b").values["name"]).toBe("b");
});

test("where the flags end", () => {
  expect(parse("x -a y").args).toEqual(["x", "y"]);
  expect(parse("x -- -a -- y").args).toEqual(["x", "-a", "--", "y"]);
  expect(parse("-a x -a -- y", false)).toMatchObject({ args: ["x", "-a", "--", "y"], values: { all: true } });
  expect(parse("-- -a", false).args).toEqual(["-a"]);
  expect(parse("- x").args).toEqual(["-", "x"]);
});

test("help wins where it stands", () => {
  expect(parse("-h --nope").help).toBe(true);
  expect(parse("--help").help).toBe(true);
  expect(parse("x -ah").help).toBe(true);
  expect(parse("x --help", false).help).toBe(false);
});

test("what pflag says of wrong lines", () => {
  const says = (line: string, text: string) => expect(() => parse(line)).toThrow(text);
  says("--nope", "unknown flag: --nope");
  says("--nope=1", "unknown flag: --nope");
  says("-x", "unknown shorthand flag: 'x' in -x");
  says("-ax", "unknown shorthand flag: 'x' in -x");
  says("--name", "flag needs an argument: --name");
  says("-an", "flag needs an argument: 'n' in -n");
  says("---x", "bad flag syntax: ---x");
  says("--=x", "bad flag syntax: --=x");
  says(
    "--all=maybe",
    'invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  );
  says("--net= -c x", 'invalid argument "x" for "-c, --number" flag: strconv.ParseInt: parsing "x": invalid syntax');
  says("--filter x", 'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)');
});

test("deprecated flags warn once", () => {
  expect(parse("--old a --old b").warnings).toEqual(["Flag --old has been deprecated, use --name instead"]);
});

test("numbers in Go's syntax", () => {
  expect([
    parseInteger("-0x1F"),
    parseInteger("0o17"),
    parseInteger("017"),
    parseInteger("0b101"),
    parseInteger("1_000"),
    parseInteger("+7"),
  ]).toEqual([-31, 15, 15, 5, 1000, 7]);
  expect(parseUnsigned("65535", 16)).toBe(65535);
  expect(() => parseUnsigned("65536", 16)).toThrow("value out of range");
  expect(() => parseUnsigned("-1")).toThrow("invalid syntax");
  expect(() => parseInteger("9223372036854775808")).toThrow("value out of range");
  for (const bad of ["", "1__0", "_1", "0x", "08", "1.5", "- 1"])
    expect(() => parseInteger(bad)).toThrow("invalid syntax");
});

test("CPUs", () => {
  expect(["1.5", ".5", "2", "1/4", "1e-1", "0.000000001"].map(parseNanoCpus)).toEqual([1.5e9, 5e8, 2e9, 2.5e8, 1e8, 1]);
  expect(() => parseNanoCpus("0.0000000001")).toThrow("value is too precise");
  for (const bad of ["", "x", "1/0", "."]) expect(() => parseNanoCpus(bad)).toThrow("as a rational number");
});

test("sizes", () => {
  expect(["512", "64m", "1.5g", "1 GiB", "2kb", "3B", "1T"].map(parseBytes)).toEqual([
    512,
    64 << 20,
    1.5 * 2 ** 30,
    2 ** 30,
    2048,
    3,
    2 ** 40,
  ]);
  expect(parseSwapBytes("-1")).toBe(-1);
  expect(() => parseBytes("x")).toThrow("invalid size: 'x'");
  expect(() => parseBytes("-5")).toThrow("invalid size: '-5'");
  expect(() => parseBytes("5x")).toThrow("invalid suffix: 'x'");
  expect(() => parseBytes("1.2.3m")).toThrow("strconv.ParseFloat");
});

test("durations", () => {
  expect(["1m30s", "500ms", "-1.5h", "0", "2us", "3ns", "1h2m3.5s"].map(readGoDuration)).toEqual([
    9e10, 5e8, -5400e9, 0, 2000, 3, 3723.5e9,
  ]);
  expect(() => readGoDuration("5")).toThrow('time: missing unit in duration "5"');
  expect(() => readGoDuration("5x")).toThrow('time: unknown unit "x" in duration "5x"');
  expect(() => readGoDuration("")).toThrow('time: invalid duration ""');
  expect(() => readGoDuration("x")).toThrow('time: invalid duration "x"');
});
