/** A mistake in the command line or the configuration: told without a stack, exit code 2. */
export class RegistryConfigError extends Error {
  override readonly name = "RegistryConfigError";
}
