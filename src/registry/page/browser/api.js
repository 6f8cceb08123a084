/**
 * What the registry answers under /-/api/, and how it is asked.
 *
 * @typedef {{ user: string | null, canLogIn: boolean, open: boolean, host: string }} Session
 *
 * @typedef {{ name: string, description: string | null, pulls: number, tags: number, updated: number }} Summary
 * @typedef {{ total: number, page: number, pages: number, repositories: Summary[] }} Summaries
 *
 * @typedef {{ name: string, digest: string, updated: number, size: number, platforms: string[] }} Tag
 * @typedef {object} Repository
 * @property {string} name
 * @property {string | null} description
 * @property {number} pulls
 * @property {number} usage bytes
 * @property {number} [quota] bytes
 * @property {boolean} mayDelete
 * @property {number} untagged manifests without a tag
 * @property {Tag[]} tags
 *
 * @typedef {{ digest: string, size: number }} StepLayer
 * @typedef {{ command: string, created?: string, comment?: string, layer?: StepLayer }} Step
 * @typedef {{ platform: string, digest: string, size?: number }} Platform without a size: it is not in this registry
 * @typedef {{ digest: string, size: number, mediaType: string }} Layer
 * @typedef {{ digest: string, artifactType?: string, size: number }} Referrer
 * @typedef {object} Config
 * @property {string} [user]
 * @property {string[]} [env]
 * @property {string[]} [entrypoint]
 * @property {string[]} [cmd]
 * @property {string} [workingDir]
 * @property {string[]} [ports]
 * @property {string[]} [volumes]
 * @property {Record<string, string>} [labels]
 * @typedef {object} Image
 * @property {string} name
 * @property {boolean} mayDelete
 * @property {string} digest
 * @property {string} mediaType
 * @property {string} [artifactType]
 * @property {number} size bytes
 * @property {number} pushed milliseconds since 1970
 * @property {string} [pushedBy]
 * @property {number} [pulled] milliseconds since 1970
 * @property {string[]} tags
 * @property {Record<string, string>} annotations
 * @property {Platform[]} [platforms] of an index
 * @property {string} [platform]
 * @property {string} [created]
 * @property {Layer[]} [layers]
 * @property {Step[]} [history]
 * @property {Config} [config]
 * @property {Referrer[]} referrers
 */

/** What the registry refuses, in its words. */
export class Refusal extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path @param {Record<string, string>} [parameters] @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
export async function api(path, parameters = {}, init = {}) {
  const response = await fetch(`/-/api/${path}?${new URLSearchParams(parameters)}`, {
    ...init,
    headers: { "X-Requested-By": "berth" },
  });
  const body = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refusal(response.status, body.errors?.[0]?.message ?? `The registry answered ${response.status}.`);
  return body;
}
