import { expect, test } from "bun:test";
import { checkPropagation } from "./propagation.ts";

const mountinfo = () => `22 1 0:1 / / rw - overlay overlay rw
23 22 0:2 / /srv\\040a rw shared:5 - tmpfs tmpfs rw
24 22 0:3 / /slave rw master:5 - tmpfs tmpfs rw`;

test("sharing needs a shared mount beneath", () => {
  checkPropagation("/anything", "rprivate", mountinfo);
  checkPropagation("/srv a/b", "rshared", mountinfo);
  checkPropagation("/slave", "rslave", mountinfo);
  expect(() => checkPropagation("/home", "shared", mountinfo)).toThrow(
    "path /home is mounted on / but it is not a shared mount",
  );
  expect(() => checkPropagation("/slave/x", "shared", mountinfo)).toThrow(
    "path /slave/x is mounted on /slave but it is not a shared mount",
  );
  expect(() => checkPropagation("/srv abc", "rslave", mountinfo)).toThrow(
    "path /srv abc is mounted on / but it is not a shared or slave mount",
  );
});
