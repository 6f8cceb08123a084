export { compile, IgnorePatterns } from "../../lib/ignore-patterns.ts";
