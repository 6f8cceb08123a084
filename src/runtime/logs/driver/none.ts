import type { LogDriver } from "./driver.ts";

/** Nothing is kept. */
export const none: LogDriver = {
  name: "none",
  title: "log driver none",
  readable: false,
  collected: false,
  options: [],
  limits: () => null,
};
