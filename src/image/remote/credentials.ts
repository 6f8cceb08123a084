import type { AuthConfig } from "../../api/types/system.ts";

/** What a registry is shown: what is known of it, or somebody who is asked for that when it is wanted. */
export interface RegistryCredentials extends AuthConfig {
  keeper?: CredentialKeeper;
}

/** Keeps what opens a registry to itself, and fetches tokens with it. */
export interface CredentialKeeper {
  /** `seconds`: how long it lasts; 0: the keeper does not say. */
  token(wanted: { realm: string; service: string; scopes: string[] }): Promise<{ token: string; seconds: number }>;
  /** For registries that give no tokens. */
  login(): Promise<AuthConfig | undefined>;
}
