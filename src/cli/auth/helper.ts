/** Speaks the protocol of `docker-credential-*` programs: a verb as argument, the rest on standard input and output. */
import { decodeJson } from "../../lib/parse-json.ts";

/** The API's auth configuration, as it travels to engine and registry. */
export interface Credentials {
  username?: string;
  password?: string;
  email?: string;
  serveraddress?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** The environment that the helper runs in; its PATH is where it is looked for. */
type Environment = Readonly<Record<string, string | undefined>>;

const notFound = "credentials not found in native keychain";

/** As errors tell of the verbs. */
const doing = { get: "getting", store: "storing", erase: "erasing", list: "listing" };

async function call(
  env: Environment,
  helper: string,
  verb: "get" | "store" | "erase" | "list",
  input: string,
): Promise<string> {
  const program = `docker-credential-${helper}`;
  let child;
  try {
    child = Bun.spawn([program, verb], { env, stdin: Buffer.from(input), stdout: "pipe", stderr: "inherit" });
  } catch {
    throw new Error(
      `error ${doing[verb]} credentials - err: exec: ${JSON.stringify(program)}: executable file not found in ` +
        "$PATH, out: ``",
    );
  }
  const [stdout, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
  if (exitCode !== 0)
    throw new Error(
      stdout.trim() === notFound
        ? notFound
        : `error ${doing[verb]} credentials - err: exit status ${exitCode}, out: \`${stdout.trim()}\``,
    );
  return stdout;
}

/** Empty where the helper has nothing. A user name `<token>` marks an identity token. */
export async function getFromHelper(env: Environment, helper: string, serverAddress: string): Promise<Credentials> {
  let answer: string;
  try {
    answer = await call(env, helper, "get", serverAddress);
  } catch (error) {
    if (error instanceof Error && error.message === notFound) return {};
    throw error;
  }
  const found: { ServerURL?: string; Username?: string; Secret?: string } = decodeJson(answer, "unexpected EOF");
  const { Username = "", Secret = "" } = found;
  if (Username === "<token>") return { identitytoken: Secret, serveraddress: serverAddress };
  return { username: Username, password: Secret, serveraddress: serverAddress };
}

export async function storeWithHelper(
  env: Environment,
  helper: string,
  { serveraddress = "", username = "", password = "", identitytoken }: Credentials,
): Promise<void> {
  const [Username, Secret] = identitytoken ? ["<token>", identitytoken] : [username, password];
  await call(env, helper, "store", JSON.stringify({ ServerURL: serveraddress, Username, Secret }));
}

export async function eraseWithHelper(env: Environment, helper: string, serverAddress: string): Promise<void> {
  try {
    await call(env, helper, "erase", serverAddress);
  } catch (error) {
    if (!(error instanceof Error) || error.message !== notFound) throw error;
  }
}

/** The registries that the helper has credentials for. */
export async function listWithHelper(env: Environment, helper: string): Promise<string[]> {
  const found: Record<string, string> = decodeJson(await call(env, helper, "list", "unused"), "unexpected EOF");
  return Object.keys(found);
}
