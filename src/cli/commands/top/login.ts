import { ApiError } from "../../../client/errors.ts";
import { checkAuth } from "../../../client/system.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { maxArgs } from "../../args.ts";
import { getCredentials, hubKey, registryHost, storeCredentials } from "../../auth/credentials.ts";
import type { Credentials } from "../../auth/helper.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { note } from "../../note.ts";
import { Questions } from "../../prompt.ts";

export default defineCommand({
  usage: "[OPTIONS] [SERVER]",
  args: maxArgs(1),
  long: "Logs in to a registry, Docker Hub if none is named.",
  flags: {
    password: string("Password or access token", { short: "p" }),
    "password-stdin": bool("Read the password or access token from standard input"),
    username: string("User name", { short: "u" }),
  },
  async run(deps, [server = ""], { username, password: typed, "password-stdin": fromStdin }) {
    checkFlags(deps, username, typed);
    if (typed !== "") deps.err.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    const password = fromStdin ? await readPassword(deps) : typed;
    const key = server === "" || server === "docker.io" ? hubKey : registryHost(server);
    const stored = username === "" && password === "" ? await getCredentials(deps, key) : {};
    let status: string | null = null;
    if (stored.username && stored.password) status = await loginAgain(deps, { ...stored, serveraddress: key });
    status ??= await loginAnew(deps, key, username.trim(), password.trim(), stored.username ?? "");
    if (status !== "") deps.out.write(`${status}\n`);
  },
});

function checkFlags({ changed }: CommandDeps, username: string, password: string): void {
  if (changed.has("password-stdin")) {
    if (changed.has("password"))
      throw new CliError("conflicting options: cannot specify both --password and --password-stdin");
    if (!changed.has("username")) throw new CliError("the --password-stdin option requires --username to be set");
  }
  if (changed.has("username") && username === "") throw new CliError("username is empty");
  if (changed.has("password") && password === "") throw new CliError("password is empty");
}

async function readPassword({ stdin }: CommandDeps): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of stdin.stream()) parts.push(chunk);
  return Buffer.concat(parts).toString().replace(/\n$/, "").replace(/\r$/, "");
}

/** Tries what is stored; null where the registry does not take it. */
async function loginAgain(deps: CommandDeps, credentials: Credentials): Promise<string | null> {
  deps.err.write(`Authenticating with existing credentials... [Username: ${credentials.username ?? ""}]\n`);
  const program = deps.command.split(" ")[0] ?? "";
  note(deps.err, deps.env, `To login with a different account, run '${program} logout' followed by '${program} login'`);
  deps.err.write("\n\n");
  await deps.err.flush();
  try {
    return await login(deps, credentials);
  } catch (error) {
    const message = errorMessage(error);
    deps.err.write(
      error instanceof ApiError && error.status === 401
        ? "Stored credentials invalid or expired\n"
        : `Login did not succeed, error: ${message}\n`,
    );
    return null;
  }
}

async function loginAnew(
  deps: CommandDeps,
  key: string,
  username: string,
  password: string,
  known: string,
): Promise<string> {
  if ((username === "" || password === "") && !deps.stdin.isTerminal) {
    throw new CliError("Error: Cannot perform an interactive login from a non TTY device");
  }
  const questions = new Questions(deps);
  const user = username || (await askUser(deps, questions, key, known));
  let secret = password;
  if (secret === "") {
    if (key === hubKey)
      note(
        deps.err,
        deps.env,
        "A Personal Access Token (PAT) can be used instead.\nTo create a PAT, visit " +
          "https://app.docker.com/settings\n\n",
      );
    await deps.err.flush();
    secret = await questions.askSecret("Password: ");
    deps.out.write("\n");
    if (secret === "") throw new CliError("Error: Password Required");
  }
  return login(deps, { username: user, password: secret, serveraddress: key });
}

async function askUser(deps: CommandDeps, questions: Questions, key: string, known: string): Promise<string> {
  if (key === hubKey) {
    deps.out.write(
      "Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have " +
        "a Docker ID, head over to https://hub.docker.com/ to create one.\n\n",
    );
  }
  const user = (await questions.ask(known === "" ? "Username: " : `Username (${known}): `)) || known;
  if (user === "") throw new CliError("Error: Non-null Username Required");
  return user;
}

/**
 * Has the engine try the credentials, then stores them: a token in place of the password where the registry gave one.
 */
async function login(deps: CommandDeps, credentials: Credentials): Promise<string> {
  const { Status, IdentityToken } = await checkAuth(await deps.client(), credentials);
  const { password: _, ...rest } = credentials;
  try {
    await storeCredentials(deps, IdentityToken ? { ...rest, identitytoken: IdentityToken } : credentials);
  } catch (error) {
    throw new CliError(`Error saving credentials: ${errorMessage(error)}`);
  }
  return Status;
}
