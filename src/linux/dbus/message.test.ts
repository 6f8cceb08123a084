import { describe, expect, test } from "bun:test";
import { type DBusValue, encodeValues, Reader, splitSignature } from "./codec.ts";
import { decodeMessage, encodeCall } from "./message.ts";

describe("values", () => {
  test.each<[string, DBusValue, string]>([
    ["y", 5, "05"],
    ["s", "foo", "03000000666f6f00"],
    ["b", true, "01000000"],
    ["as", ["a", "bc"], "0f000000" + "01000000" + "6100" + "0000" + "02000000" + "626300"],
    [
      "a{sv}",
      [["k", { signature: "s", value: "v" }]],
      "12000000" + "00000000" + "01000000" + "6b00" + "017300" + "000000" + "01000000" + "7600",
    ],
    ["(yx)", [1, -2n], "01" + "00000000000000" + "feffffffffffffff"],
    ["ax", [], "0000000000000000"],
  ])("%s", (type, value, hex) => {
    const bytes = encodeValues(type, [value]);
    expect(bytes.toString("hex")).toBe(hex);
    expect(new Reader(bytes, true).read(type)).toEqual(value);
  });
  test("several types are told apart", () =>
    expect(splitSignature("sa{sv}aa(ys)b")).toEqual(["s", "a{sv}", "aa(ys)", "b"]));
  test("cut off", () => {
    for (const type of ["s", "as", "u", "v"])
      expect(() => new Reader(Buffer.from("ff", "hex"), true).read(type)).toThrow();
    expect(() => new Reader(Buffer.from("ff000000", "hex"), true).read("as")).toThrow(RangeError);
  });
});

describe("messages", () => {
  test("a call, as the specification lays it out", () => {
    const bytes = encodeCall(
      { destination: "a.b", path: "/", interface: "a.b", member: "M", signature: "s", args: ["x"] },
      7,
    );
    // Little endian, call, starts no service, version 1; six bytes of body; serial 7.
    expect(bytes.toString("hex", 0, 12)).toBe("6c010201" + "06000000" + "07000000");
    expect(bytes.toString("hex", bytes.length - 8)).toBe(`${"00000000".slice(0, 4)}010000007800`);
  });
  test("what comes is read however it is cut", () => {
    const signal = Buffer.from(
      "6c040101" +
        "00000000" +
        "09000000" +
        "3e000000" +
        "01016f0001000000" +
        "2f00000000000000" +
        "0201730003000000" +
        "612e620000000000" +
        "0301730008000000" +
        "52656c6f61646564" +
        "0000000000000000" +
        "0801670000000000",
      "hex",
    );
    expect(decodeMessage(signal.subarray(0, 20))).toBeNull();
    expect(decodeMessage(Buffer.concat([signal, signal]))).toMatchObject({
      length: 80,
      message: { type: 4, serial: 9, member: "Reloaded", args: [] },
    });
  });
  test("one of absurd length is refused", () =>
    expect(() => decodeMessage(Buffer.from("6c040101ffffff7f0900000000000000", "hex"))).toThrow("bytes"));
});
