export { default } from "../builder/build.ts";
