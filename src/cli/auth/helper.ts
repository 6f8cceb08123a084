/** Speaks the protocol of `docker-credential-*` programs: a verb as argument, the rest on standard input and output. */
import type { Credentials } from "./credentials.ts";

const notFound = "credentials not found in native keychain";

async function call(helper: string, verb: "get" | "store" | "erase" | "list", input: string): Promise<string> {
  const program = `docker-credential-${helper}`;
  let child;
  try {
    child = Bun.spawn([program, verb], { stdin: Buffer.from(input), stdout: "pipe", stderr: "inherit" });
  } catch {
    throw new Error(`error getting credentials - err: exec: ${JSON.stringify(program)}: executable file not found in $PATH, out: \`\``);
  }
  const [stdout, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
  if (exitCode !== 0) throw new Error(stdout.trim() === notFound ? notFound : `error getting credentials - err: exit status ${exitCode}, out: \`${stdout.trim()}\``);
  return stdout;
}

/** Empty where the helper has nothing. A user name `<token>` marks an identity token. */
export async function getFromHelper(helper: string, serverAddress: string): Promise<Credentials> {
  let answer: string;
  try {
    answer = await call(helper, "get", serverAddress);
  } catch (error) {
    if (error instanceof Error && error.message === notFound) return {};
    throw error;
  }
  const found: { ServerURL?: string; Username?: string; Secret?: string } = JSON.parse(answer);
  const { Username = "", Secret = "" } = found;
  if (Username === "<token>") return { identitytoken: Secret, serveraddress: serverAddress };
  return { username: Username, password: Secret, serveraddress: serverAddress };
}

export async function storeWithHelper(helper: string, { serveraddress = "", username = "", password = "", identitytoken }: Credentials): Promise<void> {
  const [Username, Secret] = identitytoken ? ["<token>", identitytoken] : [username, password];
  await call(helper, "store", JSON.stringify({ ServerURL: serveraddress, Username, Secret }));
}

export async function eraseWithHelper(helper: string, serverAddress: string): Promise<void> {
  try {
    await call(helper, "erase", serverAddress);
  } catch (error) {
    if (!(error instanceof Error) || error.message !== notFound) throw error;
  }
}

/** The registries that the helper has credentials for. */
export async function listWithHelper(helper: string): Promise<string[]> {
  const found: Record<string, string> = JSON.parse(await call(helper, "list", "unused"));
  return Object.keys(found);
}
