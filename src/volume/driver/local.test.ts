import { volumeDriverSuite } from "./driver.suite.ts";
import { localDriver } from "./local.ts";

volumeDriverSuite({
  title: "local",
  make: localDriver,
  options: {},
  keeps: true,
  refused: ["a/b", {}, "includes invalid characters for a local volume name"],
});
