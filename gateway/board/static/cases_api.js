// What the pages of cases ask the gateway; a refusal is an error whose message is for people.

import { language } from "./words.js";

const WITHIN_MS = 30000;

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function send(path, options = {}) {
  const headers = { "Accept-Language": language(), ...(options.headers ?? {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, cache: "no-store", signal: AbortSignal.timeout(WITHIN_MS) });
  } catch (error) {
    throw new Refusal(0, String(error));
  }
  if (answer.ok) return answer;
  let detail = answer.statusText;
  try {
    const body = await answer.json();
    detail = body.detail ?? body.title;
  } catch {
    // The status has to do.
  }
  throw new Refusal(answer.status, detail);
}

export const get = async (path) => (await send(`/api/v1/${path}`)).json();

export const post = async (path, body) =>
  (
    await send(`/api/v1/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    })
  ).json();

/** Fetch a file and hand it over; a refusal is said on the page, which a plain link would leave. */
export async function download(path, name) {
  const answer = await send(`/api/v1/${path}`);
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/** A file's bytes in base64, as the API takes them. */
export async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}
