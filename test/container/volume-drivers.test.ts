import { volumeDriverSuite } from "../../src/volume/driver/driver.suite.ts";
import { localDriver } from "../../src/volume/driver/local.ts";

volumeDriverSuite({
  title: "local, with a filesystem of its own",
  make: localDriver,
  options: { type: "tmpfs", device: "tmpfs" },
  keeps: false,
  refused: ["data", { type: "nfs" }, 'missing required option: "device"'],
});
