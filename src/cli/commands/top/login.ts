import { ApiError } from "../../../client/errors.ts";
import { checkAuth } from "../../../client/system.ts";
import { maxArgs } from "../../args.ts";
import { type Credentials, getCredentials, hubKey, registryHost, storeCredentials } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
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
  async run(ctx, [server = ""], { username, password: typed, "password-stdin": fromStdin }) {
    checkFlags(ctx, username, typed);
    if (typed !== "") ctx.err.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    const password = fromStdin ? await readPassword(ctx) : typed;
    const key = server === "" || server === "docker.io" ? hubKey : registryHost(server);
    const stored = username === "" && password === "" ? await getCredentials(ctx, key) : {};
    let status: string | null = null;
    if (stored.username && stored.password) status = await loginAgain(ctx, { ...stored, serveraddress: key });
    status ??= await loginAnew(ctx, key, username.trim(), password.trim(), stored.username ?? "");
    if (status !== "") ctx.out.write(`${status}\n`);
  },
});

function checkFlags({ changed }: CommandContext, username: string, password: string): void {
  if (changed.has("password-stdin")) {
    if (changed.has("password")) throw new CliError("conflicting options: cannot specify both --password and --password-stdin");
    if (!changed.has("username")) throw new CliError("the --password-stdin option requires --username to be set");
  }
  if (changed.has("username") && username === "") throw new CliError("username is empty");
  if (changed.has("password") && password === "") throw new CliError("password is empty");
}

async function readPassword({ stdin }: CommandContext): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of stdin.stream()) parts.push(chunk);
  return Buffer.concat(parts).toString().replace(/\n$/, "").replace(/\r$/, "");
}

/** Tries what is stored; null where the registry does not take it. */
async function loginAgain(ctx: CommandContext, credentials: Credentials): Promise<string | null> {
  ctx.err.write(`Authenticating with existing credentials... [Username: ${credentials.username ?? ""}]\n`);
  const program = ctx.command.split(" ")[0] ?? "";
  note(ctx.err, ctx.env, `To login with a different account, run '${program} logout' followed by '${program} login'`);
  ctx.err.write("\n\n");
  await ctx.err.flush();
  try {
    return await login(ctx, credentials);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    ctx.err.write(error instanceof ApiError && error.status === 401 ? "Stored credentials invalid or expired\n" : `Login did not succeed, error: ${message}\n`);
    return null;
  }
}

async function loginAnew(ctx: CommandContext, key: string, username: string, password: string, known: string): Promise<string> {
  if ((username === "" || password === "") && !ctx.stdin.isTerminal) {
    throw new CliError("Error: Cannot perform an interactive login from a non TTY device");
  }
  const questions = new Questions(ctx);
  const user = username || (await askUser(ctx, questions, key, known));
  let secret = password;
  if (secret === "") {
    if (key === hubKey) note(ctx.err, ctx.env, "A Personal Access Token (PAT) can be used instead.\nTo create a PAT, visit https://app.docker.com/settings\n\n");
    await ctx.err.flush();
    secret = await questions.askSecret("Password: ");
    ctx.out.write("\n");
    if (secret === "") throw new CliError("Error: Password Required");
  }
  return login(ctx, { username: user, password: secret, serveraddress: key });
}

async function askUser(ctx: CommandContext, questions: Questions, key: string, known: string): Promise<string> {
  if (key === hubKey) {
    ctx.out.write("Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have a Docker ID, head over to https://hub.docker.com/ to create one.\n\n");
  }
  const user = (await questions.ask(known === "" ? "Username: " : `Username (${known}): `)) || known;
  if (user === "") throw new CliError("Error: Non-null Username Required");
  return user;
}

/** Has the engine try the credentials, then stores them: a token in place of the password where the registry gave one. */
async function login(ctx: CommandContext, credentials: Credentials): Promise<string> {
  const { Status, IdentityToken } = await checkAuth(await ctx.client(), credentials);
  const { password: _, ...rest } = credentials;
  try {
    await storeCredentials(ctx, IdentityToken ? { ...rest, identitytoken: IdentityToken } : credentials);
  } catch (error) {
    throw new CliError(`Error saving credentials: ${error instanceof Error ? error.message : error}`);
  }
  return Status;
}
