import type { Mapping } from "./readers.ts";

/** Each part by name, in long forms; extensions (`x-…`) as they are. */
export interface Project {
  version: string;
  services: Record<string, Mapping>;
  networks: Record<string, Mapping>;
  volumes: Record<string, Mapping>;
  secrets: Record<string, Mapping>;
  configs: Record<string, Mapping>;
  extensions: Mapping;
}
