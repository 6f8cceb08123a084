import { expect, test } from "bun:test";
import { parseJson } from "./parse-json.ts";

// As Go's encoding/json says it.
test.each([
  ["", "unexpected end of JSON input"],
  ["{", "unexpected end of JSON input"],
  ['{"a":', "unexpected end of JSON input"],
  ['"a', "unexpected end of JSON input"],
  ["[1,", "unexpected end of JSON input"],
  ["tru", "unexpected end of JSON input"],
  ["-", "unexpected end of JSON input"],
  ["1e", "unexpected end of JSON input"],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ["foo", "invalid character 'o' in literal false (expecting 'a')"],
  ["x", "invalid character 'x' looking for beginning of value"],
  ["[1,]", "invalid character ']' looking for beginning of value"],
  ["[1 2]", "invalid character '2' after array element"],
  ["[1}", "invalid character '}' after array element"],
  ["{a:1}", "invalid character 'a' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ["{} x", "invalid character 'x' after top-level value"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
  ["01", "invalid character '1' after top-level value"],
  ["-a", "invalid character 'a' in numeric literal"],
  ["1.x", "invalid character 'x' after decimal point in numeric literal"],
  ["1ex", "invalid character 'x' in exponent of numeric literal"],
])("%p", (text, complaint) => {
  expect(() => parseJson(text)).toThrow(new Error(complaint));
});

test("what is right is read, and a text that ends too soon is told as the caller has it", () => {
  expect(parseJson(' {"a":[1,-2.5e3,"x\\u0041",true,null,{}],"b":[]} ')).toEqual({
    a: [1, -2500, "xA", true, null, {}],
    b: [],
  });
  expect(() => parseJson("[", "unexpected EOF")).toThrow(new Error("unexpected EOF"));
});

test("in a deep or long text is not searched for ever", () => {
  expect(() => parseJson("[".repeat(20_000))).toThrow(new Error("exceeded max depth"));
  expect(() => parseJson(`[${"1,".repeat(1 << 20)}`)).toThrow(new Error("malformed JSON"));
});
